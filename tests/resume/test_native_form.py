"""native_form against a scripted Dify: what it sends, and what it takes for a proof."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.resume.conftest import HASTY, Tries
from tests.resume.dify_double import DifyDouble, DoubleForm, event, filled, node_done

EARLIER = datetime(2030, 1, 2, tzinfo=UTC)


def test_a_form_is_answered_once_with_every_declared_input(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    form.inputs = {**form.inputs, "note": "paragraph", "files": "file-list", "tone": "select"}
    form.defaults = {"tone": "friendly", "note": "as usual"}

    proof = tries.native()

    assert (proof.kind, proof.detail) == ("form_filled", "node review")
    [sent] = dify.submissions
    assert sent == {
        "action": "approve",
        "user": "anna",
        "inputs": {
            "comment": "fine by me",
            "edited_result": '{"publish": true}',
            "reviewer": "mei",
            "note": "as usual",
            "files": [],
            "tone": "friendly",
        },
    }
    assert tries.log.submissions == 1


def test_the_events_are_open_before_the_form_is_answered(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    tries.native()
    kinds = [kind for kind, _, _ in dify.requests]
    assert kinds.index("GET events") < kinds.index("POST submit")


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "", "/"])
def test_an_apps_url_may_name_the_version_or_not(
    dify: DifyDouble, form: DoubleForm, tries: Tries, ending: str
) -> None:
    tries.app = replace(tries.app, url=dify.url + ending)
    assert tries.native().kind == "form_filled"


# --- the proofs ---


def test_our_stored_200_and_the_end_of_the_forms_node_are_a_proof(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    """Some versions never say human_input_form_filled."""

    def quiet_resume(form: DoubleForm, action: str) -> None:
        dify.emit(event("workflow_started", reason="resumption"), node_done(form))
        dify.finish()

    dify.on_submit = quiet_resume
    assert tries.native().kind == "node_finished"


def test_the_ends_outputs_are_a_proof(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    """A run that ends before anybody listens again has nothing else to tell."""
    dify.close_after_replay = True
    dify.on_submit = lambda form, action: dify.finish(
        review_task_id=tries.delivery.task_id, gate_action=action
    )
    assert tries.native().kind == "end_outputs"


def test_a_pause_at_a_later_form_is_a_proof(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    later = DoubleForm(node_id="second", token="tok-second", content="Anything else?")
    dify.on_submit = lambda form, action: dify.pause_at(later)

    proof = tries.native()

    assert (proof.kind, proof.detail) == ("later_form", "paused at node second")
    assert len(dify.submissions) == 1


def test_a_later_form_is_found_when_the_events_end_with_every_pause(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.close_after_replay = True
    later = DoubleForm(node_id="second", token="tok-second")
    dify.on_submit = lambda form, action: dify.pause_at(later)
    assert tries.native().kind == "later_form"


def test_a_replay_that_calls_a_waiting_node_finished_is_no_proof(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    """Replays list a paused node as finished, with the status `paused`."""

    def break_off(form: DoubleForm, action: str) -> None:
        dify.history = [node_done(form, status="paused")]
        dify.hang_up()

    dify.on_submit = break_off
    assert tries.failed(HASTY).reason.startswith("not_resumed:")


def test_old_news_is_no_proof(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    """In a loop the same node may have been filled and done before."""
    before = DoubleForm(node_id=form.node_id, content="an earlier round")
    dify.history = [filled(before, "approve"), node_done(before, run="exec-0")]
    dify.on_submit = lambda form, action: dify.hang_up()
    assert tries.failed(HASTY).reason.startswith("not_resumed:")


# --- what is no resume ---


def test_200_and_then_stopped_is_dead_at_once(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.on_submit = lambda form, action: dify.finish("stopped")
    assert tries.dead().startswith("run_stopped: ")


def test_a_run_that_is_stopped_right_after_its_proof_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def resume_and_stop(form: DoubleForm, action: str) -> None:
        dify.emit(filled(form, action), node_done(form))
        dify.finish("stopped")

    dify.on_submit = resume_and_stop
    assert tries.dead().startswith("run_stopped: ")


def test_a_run_that_is_stopped_behind_a_broken_stream_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def resume_and_stop(form: DoubleForm, action: str) -> None:
        dify.emit(filled(form, action))
        dify.hang_up()
        dify.status = "stopped"

    dify.on_submit = resume_and_stop
    assert tries.dead().startswith("run_stopped: ")


def test_a_run_that_was_stopped_before_is_dead_and_not_answered(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.status = "stopped"
    assert tries.dead().startswith("run_stopped: ")
    assert dify.submissions == []


def test_a_run_that_ends_without_any_proof_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.on_submit = lambda form, action: dify.finish(answer="something")
    assert tries.dead().startswith("not_proven: ")


def test_a_submission_that_is_lost_is_noticed_and_sent_again(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def lose(form: DoubleForm, action: str) -> None:
        form.state = "waiting"

    dify.on_submit = lose
    assert tries.failed(HASTY).reason.startswith("lost: ")

    dify.on_submit = dify.resume
    tries.delivery = replace(tries.delivery, submitted_at=EARLIER, attempts=2)
    assert tries.native().kind == "form_filled"
    assert len(dify.submissions) == 2


def test_a_resume_that_waits_in_difys_queue_is_waited_for_and_not_sent_twice(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.on_submit = lambda form, action: None
    assert tries.failed(HASTY).reason.startswith("not_resumed: ")

    tries.delivery = replace(tries.delivery, submitted_at=EARLIER, attempts=2)
    dify.on_events_open = lambda: dify.resume(form, "approve")
    assert tries.native().kind == "form_filled"
    assert len(dify.submissions) == 1


# --- the pause ---


def test_an_answer_waits_until_the_pause_is_stored(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    looks = iter(["running", "running", "paused"])

    def next_status() -> None:
        dify.status = next(looks, dify.status)

    dify.status, dify.on_status = "running", next_status
    assert tries.native().kind == "form_filled"
    kinds = [kind for kind, _, _ in dify.requests]
    assert kinds[:4] == ["GET run", "GET run", "GET run", "GET events"]


def test_a_pause_that_shows_no_form_yet_is_looked_at_again(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.forms = []
    dify.close_after_replay = True
    opened = iter(range(10))

    def store_at_last() -> None:
        if next(opened) == 1:
            dify.forms, dify.close_after_replay = [form], False

    dify.on_events_open = store_at_last
    assert tries.native().kind == "form_filled"


def test_a_run_that_does_not_pause_is_tried_again_later(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.status = "running"
    assert tries.failed(HASTY).reason.startswith("not_paused: The run reads running")
    assert dify.submissions == []


def test_a_stop_ends_the_wait(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    dify.status, dify.on_status = "running", tries.stop.set
    assert tries.failed().reason.startswith("stopping: ")


def test_a_stop_ends_the_wait_for_a_proof(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    dify.on_submit = lambda form, action: tries.stop.set()
    assert tries.failed().reason.startswith("stopping: ")
    assert tries.log.submissions == 1
