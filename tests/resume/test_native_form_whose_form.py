"""Which form is ours, and who answered it: never the wrong one, never twice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.usecases.shared.new_ids import new_task_id
from tests.resume.conftest import HASTY, Tries
from tests.resume.dify_double import DifyDouble, DoubleForm, filled, node_done, refusal

EARLIER = datetime(2030, 1, 2, tzinfo=UTC)


def another_tasks_form() -> DoubleForm:
    return DoubleForm(node_id="other", token="tok-other", content=f"Task {new_task_id()}")


# --- which form ---


@pytest.mark.parametrize("around", ["{}", "Task {}: please look", "任务{}需要审核", "({})"])
def test_the_form_that_shows_our_task_is_ours(
    dify: DifyDouble, form: DoubleForm, tries: Tries, around: str
) -> None:
    form.content = around.format(tries.delivery.task_id)
    dify.forms = [another_tasks_form(), form, DoubleForm(node_id="plain", token="tok-plain")]
    assert tries.native().detail == "node review"


def test_a_longer_id_that_begins_like_ours_is_not_ours(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.content = f"{tries.delivery.task_id}0"
    dify.forms = [form, DoubleForm(node_id="plain", token="tok-plain")]
    assert tries.dead().startswith("ambiguous_form: ")


def test_the_form_itself_is_read_where_the_replay_shows_its_template(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.template = "Task {{#gate.review_task_id#}}"
    dify.forms = [form, DoubleForm(node_id="plain", token="tok-plain")]
    assert tries.native().detail == "node review"


def test_the_only_waiting_form_is_ours_also_without_the_id(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.content = "Please decide."
    assert tries.native().detail == "node review"


def test_two_forms_without_the_id_are_ambiguous(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.forms = [DoubleForm(), DoubleForm(node_id="plain", token="tok-plain")]
    reason = tries.dead()
    assert reason.startswith("ambiguous_form: ")
    assert "review, plain" in reason
    assert dify.submissions == []


def test_two_forms_with_our_id_are_ambiguous(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.forms = [form, DoubleForm(node_id="copy", token="tok-copy", content=form.content)]
    assert tries.dead().startswith("ambiguous_form: ")


def test_another_tasks_form_is_never_answered_even_if_it_is_the_only_one(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    """Somebody answered our form in Dify; the run waits at the next gate now."""
    dify.forms = [another_tasks_form()]
    assert tries.dead().startswith("answered_elsewhere: ")
    assert dify.submissions == []


def test_a_form_that_is_only_mailed_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.token = None
    assert tries.dead().startswith("no_form_token: ")


def test_a_form_beside_ours_that_the_api_does_not_show_is_passed_over(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.forms = [DoubleForm(node_id="hidden", token="tok-hidden"), form]
    dify.canned["GET form"] = [refusal(404, "not_found", "Form not found")]
    assert tries.native().detail == "node review"


def test_a_button_that_is_not_there_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.actions = ("ok", "no")
    reason = tries.dead()
    assert reason.startswith("unknown_action: ")
    assert '"approve"' in reason
    assert "ok, no" in reason


@pytest.mark.parametrize("kind", ["select", "file"])
def test_an_input_that_only_a_person_can_give_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries, kind: str
) -> None:
    form.inputs = {**form.inputs, "extra": kind}
    reason = tries.dead()
    assert reason.startswith("no_default: ")
    assert '"extra"' in reason
    assert dify.submissions == []


def test_a_refused_answer_is_dead_with_difys_words(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    message = "Missing required inputs: mood"
    dify.canned["POST submit"] = [refusal(400, "invalid_form_data", message)]
    assert tries.dead() == f'form_refused: Dify refuses our answer: "{message}".'


# --- who answered ---


def test_412_without_a_proof_is_dead(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    form.state = "submitted"
    assert tries.dead(HASTY).startswith("answered_elsewhere: ")


def test_412_and_the_same_answer_by_somebody_else_is_a_resume(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.state = "submitted"
    dify.on_events_open = lambda: dify.resume(form, "approve")
    assert tries.native().kind == "form_filled"
    assert tries.log.submissions == 0


def test_412_and_another_answer_is_dead_and_says_which(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.state = "submitted"
    dify.on_events_open = lambda: dify.resume(form, "reject")
    assert 'with "reject"' in tries.dead()


def test_somebody_who_answers_between_our_reading_and_our_answer_wins(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.canned["POST submit"] = [refusal(412, "human_input_form_submitted", "too late")]
    dify.on_events_open = lambda: dify.finish(
        review_task_id=tries.delivery.task_id, gate_action="reject"
    )
    assert 'with "reject"' in tries.dead()


def test_without_our_200_the_end_of_the_node_is_no_proof(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def somebody_resumes() -> None:
        dify.emit(node_done(form))
        dify.finish()

    form.state = "submitted"
    dify.on_events_open = somebody_resumes
    assert tries.dead().startswith("answered_elsewhere: ")


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        (
            {"gate_action": "reject"},
            "answered_elsewhere: Somebody answered the form in Dify first w",
        ),
        ({"gate_action": ""}, "form_expired: "),
        ({"gate_action": None}, "form_expired: "),
        ({}, "run_over: "),
        ({"gate_action": "approve", "review_task_id": "tsk_another"}, "run_over: "),
    ],
)
def test_a_run_that_has_ended_without_us_is_dead_and_says_how(
    dify: DifyDouble, form: DoubleForm, tries: Tries, outputs: dict[str, object], reason: str
) -> None:
    dify.finish(**{"review_task_id": tries.delivery.task_id} | outputs)
    assert tries.dead().startswith(reason)


def test_a_run_that_is_over_is_dead(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    dify.finish("failed")
    assert tries.dead().startswith("run_over: The run ended as failed")


def test_an_expired_form_is_dead(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    form.state = "expired"
    assert tries.dead().startswith("form_expired: ")


# --- after a crash of ours ---


@pytest.fixture
def second_try(tries: Tries) -> Tries:
    """The try before died somewhere after it was counted."""
    tries.delivery = replace(tries.delivery, attempts=2)
    return tries


def test_a_crash_before_the_mark_finds_the_proof_and_sends_nothing(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    form.state = "submitted"
    dify.resume(form, "approve")
    assert second_try.native().kind == "end_outputs"
    assert dify.submissions == []


def test_a_crash_before_the_mark_finds_the_proof_in_a_replay(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    dify.history = [filled(form, "approve"), node_done(form)]
    dify.pause_at(another_tasks_form())
    assert second_try.native().kind == "form_filled"
    assert dify.submissions == []


def test_a_crash_before_the_mark_waits_for_the_resume_it_may_have_caused(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    form.state = "submitted"
    assert second_try.failed(HASTY).reason.startswith("not_resumed: ")


def test_a_crash_before_the_mark_leaves_a_later_form_alone(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    dify.pause_at(another_tasks_form())
    assert second_try.failed().reason.startswith("no_proof_yet: ")
    assert dify.submissions == []


def test_after_a_crash_a_form_without_an_id_may_be_a_later_one(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    dify.history = [node_done(form)]
    dify.pause_at(DoubleForm(node_id="later", token="tok-later", content="And now?"))
    assert second_try.dead().startswith("ambiguous_form: ")
    assert dify.submissions == []


def test_a_crash_after_the_mark_takes_a_later_form_for_a_proof(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    second_try.delivery = replace(second_try.delivery, submitted_at=EARLIER)
    dify.pause_at(another_tasks_form())
    assert second_try.native().kind == "later_form"


def test_a_crash_after_the_mark_follows_the_running_run(
    dify: DifyDouble, form: DoubleForm, second_try: Tries
) -> None:
    second_try.delivery = replace(second_try.delivery, submitted_at=EARLIER)
    dify.status = "running"
    dify.on_events_open = lambda: dify.finish(
        review_task_id=second_try.delivery.task_id, gate_action="approve"
    )
    assert second_try.native().kind == "end_outputs"
