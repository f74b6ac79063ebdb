"""native_form when Dify is busy, broken, elsewhere, or not Dify at all."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from service.domain.ids import AppName
from service.ports.clock import SystemClock
from service.resume.outgoing import MAX_ANSWER_BYTES
from tests.resume.conftest import HASTY, Tries
from tests.resume.dify_double import (
    KEY,
    Answer,
    DifyDouble,
    DoubleForm,
    event,
    filled,
    node_done,
    ok,
    page,
    refusal,
)

REDIRECT: Answer = (302, {"Location": "http://127.0.0.1:1/"}, b"")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(500, "internal_server_error", "oops"), "busy"),
        (page(502), "busy"),
        (refusal(429, "too_many_requests", "slow down"), "busy"),
        (page(200), "nonsense"),
        (ok(["a", "list"]), "nonsense"),
        (ok({"no": "status"}), "nonsense"),
        (ok({"status": "x" * MAX_ANSWER_BYTES}), "nonsense"),
        ((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "nonsense"),
    ],
)
def test_what_may_pass_is_tried_again(
    dify: DifyDouble, form: DoubleForm, tries: Tries, answer: Answer, code: str
) -> None:
    dify.canned["GET run"] = [answer]
    assert tries.failed().reason.startswith(f"{code}: ")
    assert dify.submissions == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(401, "unauthorized", "Access token is invalid"), "wrong_key"),
        (refusal(403, "forbidden", "plan limit"), "forbidden"),
        (refusal(404, "not_found", "Workflow run not found"), "not_found"),
        (refusal(400, "not_workflow_app", "Wrong app mode"), "refused"),
        (REDIRECT, "redirected"),
    ],
)
def test_what_a_person_must_mend_is_dead(
    dify: DifyDouble, form: DoubleForm, tries: Tries, answer: Answer, code: str
) -> None:
    dify.canned["GET run"] = [answer]
    assert tries.dead().startswith(f"{code}: ")


def test_retry_after_is_honoured(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    later = SystemClock().now() + timedelta(hours=1)
    dify.canned["GET run"] = [
        refusal(429, "too_many_requests", "slow down", **{"Retry-After": "17"}),
        refusal(503, "", "", **{"Retry-After": format_datetime(later)}),
        refusal(503, "", "", **{"Retry-After": "9" * 400}),
        refusal(503, "", "", **{"Retry-After": "soon"}),
    ]
    assert tries.failed().retry_after == 17
    waits = [tries.failed().retry_after for _ in range(3)]
    assert waits[0] == pytest.approx(3600, abs=120)
    assert waits[1:] == [86_400, None]


def test_another_users_run_is_dead_with_advice(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    tries.delivery = replace(tries.delivery, user="somebody-else")
    reason = tries.dead()
    assert reason.startswith("not_found: ")
    assert "sys.user_id" in reason


def test_a_key_of_another_app_is_dead(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    tries.app = replace(tries.app, api_key="wrong")
    assert tries.dead().startswith("wrong_key: ")


def test_a_run_id_that_is_a_path_is_never_sent(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    tries.delivery = replace(tries.delivery, run_id="../../admin?x=1")
    assert tries.dead().startswith("bad_run_id: ")
    assert dify.requests == []


def test_nobody_listening_is_tried_again(dify: DifyDouble, form: DoubleForm, tries: Tries) -> None:
    dify.__exit__()
    assert tries.failed().reason.startswith("unreachable: ")


def test_an_internal_address_needs_the_apps_leave(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    tries.app = replace(tries.app, allow_internal=False)
    assert tries.dead().startswith("internal_address: ")
    assert dify.requests == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"app": None}, "no_app"),
        ({"app": AppName("gone")}, "unknown_app"),
        ({"run_id": None}, "no_run"),
        ({"body": b"{}"}, "broken_message"),
    ],
)
def test_a_delivery_that_nothing_can_carry_is_dead(
    dify: DifyDouble, tries: Tries, change: dict[str, Any], code: str
) -> None:
    tries.delivery = replace(tries.delivery, **change)
    assert tries.dead().startswith(f"{code}: ")


def test_an_app_without_a_key_is_dead(dify: DifyDouble, tries: Tries) -> None:
    tries.app = replace(tries.app, api_key=None)
    assert tries.dead().startswith("no_key: ")


# --- the events ---


def test_events_that_are_a_web_page_are_nonsense(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.canned["GET events"] = [page()]
    assert tries.failed().reason.startswith("nonsense: ")
    assert dify.submissions == []


def test_events_that_break_off_in_the_middle_are_opened_again(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def resume_into_a_broken_stream(form: DoubleForm, action: str) -> None:
        whole = f"data: {json.dumps(filled(form, action))}\n\n".encode()
        dify.emit_raw(whole[:40])
        dify.hang_up()
        dify.history, dify.status = [node_done(form)], "running"

    dify.on_submit = resume_into_a_broken_stream
    assert tries.native().kind == "node_finished"
    assert len(dify.submissions) == 1


def test_events_with_nonsense_between_them_are_read_all_the_same(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def resume_amid_nonsense(form: DoubleForm, action: str) -> None:
        dify.emit_raw(b"event: ping\n\n: a comment\n\ndata: <html>\n\ndata: [1]\n\ndata: {}\n\n")
        dify.emit(event("text_chunk", text="..."), {"event": "node_finished", "data": None})
        dify.emit(event("workflow_paused", reasons=[None, {"TYPE": "human_input_required"}]))
        dify.resume(form, action)

    dify.on_submit = resume_amid_nonsense
    assert tries.native().kind == "form_filled"


def test_a_busy_moment_after_the_submission_is_waited_out(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    def resume_and_stagger(form: DoubleForm, action: str) -> None:
        dify.hang_up()
        dify.canned = {"GET run": [page(502)], "GET events": [page(502), page(200)]}
        dify.history, dify.status = [node_done(form)], "running"

    dify.on_submit = resume_and_stagger
    assert tries.native().kind == "node_finished"


# --- a submission whose answer is lost ---


def test_a_submission_that_was_stored_though_its_answer_is_lost_is_not_sent_twice(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.cut = {"POST submit"}
    assert tries.native().kind == "form_filled"
    assert len(dify.submissions) == 1
    assert tries.log.submissions == 0


def test_a_submission_that_was_not_stored_is_tried_again_later(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.canned["POST submit"] = [refusal(503, "", "restarting", **{"Retry-After": "9"})]
    failure = tries.failed()
    assert (failure.reason.split(":")[0], failure.retry_after) == ("busy", 9)
    assert tries.native().kind == "form_filled"
    assert len(dify.submissions) == 1


def test_a_stored_submission_with_a_lost_answer_may_still_wait_in_difys_queue(
    dify: DifyDouble, form: DoubleForm, tries: Tries
) -> None:
    dify.cut, dify.on_submit = {"POST submit"}, lambda form, action: None
    assert tries.failed(HASTY).reason.startswith("not_resumed: ")


# --- secrets ---


def test_keys_and_tokens_are_in_no_log_and_no_reason(
    dify: DifyDouble, form: DoubleForm, tries: Tries, caplog: pytest.LogCaptureFixture
) -> None:
    dify.canned["GET run"] = [refusal(400, "bad", f"what is Bearer {KEY}?")]
    with caplog.at_level(logging.DEBUG):
        reason = tries.dead()
        tries.native()
    assert "what is Bearer ***?" in reason
    assert KEY not in caplog.text
    assert form.token is not None
    assert form.token not in caplog.text
    assert KEY not in repr(tries.app)
