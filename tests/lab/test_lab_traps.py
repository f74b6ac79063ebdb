"""What goes wrong with Dify, done on purpose."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.error import HTTPError

import pytest

from lab.process import LabProcess
from tests.lab.conftest import WORKFLOWS, Caller, ServeLab
from tests.lab_answers import Event


def seen(events: Iterable[Event]) -> list[str]:
    return [event["event"] for event in events if event["event"] != "ping"]


def test_an_answer_before_the_pause_is_stored_is_lost(caller: Caller, lab: LabProcess) -> None:
    lab.control("POST", "/lab/switches", {"hold_pause": True})
    answer = caller.start()
    run_id = answer["workflow_run_id"]
    token = answer["data"]["reasons"][0]["form_token"]
    assert answer["data"]["status"] == "paused"
    assert caller.status(run_id) == "running"

    assert caller.submit(token).status_code == 200

    lab.control("POST", "/lab/switches", {"hold_pause": False})
    caller.until_status(run_id, "paused")
    assert not lab.control("GET", f"/lab/runs/{run_id}")["resume_due"]
    assert caller.submit(token).status_code == 412
    replay = seen(caller.events(run_id, include_state_snapshot=True))
    assert replay[-2:] == ["human_input_required", "workflow_paused"]


def test_the_replay_shows_no_token_before_the_pause_is_stored(
    caller: Caller, lab: LabProcess
) -> None:
    lab.control("POST", "/lab/switches", {"hold_pause": True})
    run_id = caller.start()["workflow_run_id"]
    replay = caller.events(run_id, include_state_snapshot=True)
    events = [next(replay) for _ in range(6)]
    replay.close()
    assert seen(events) == ["workflow_started", *["node_started", "node_finished"] * 2]


def test_the_replay_lists_the_paused_node_as_finished(caller: Caller) -> None:
    run = caller.start_paused()
    events = list(caller.events(run.run_id, include_state_snapshot=True))
    finished = {e["data"]["node_id"]: e for e in events if e["event"] == "node_finished"}
    assert finished["ask"]["data"]["status"] == "paused"
    assert finished["start"]["data"]["outputs"] is None


def test_a_second_answer_is_412(caller: Caller) -> None:
    run = caller.start_paused()
    assert caller.submit(run.token).status_code == 200
    again = caller.submit(run.token, action="reject")
    assert again.status_code == 412
    assert again.json()["code"] == "human_input_form_submitted"
    assert caller.http.get(f"/v1/form/human_input/{run.token}").status_code == 412
    caller.until_status(run.run_id, "succeeded")
    detail = caller.http.get(f"/v1/workflows/run/{run.run_id}").json()
    assert detail["outputs"]["action"] == "approve"


def test_another_users_run_is_404(caller: Caller) -> None:
    run = caller.start_paused(user="anna")
    events = f"/v1/workflow/{run.run_id}/events"
    assert caller.http.get(events, params={"user": "berta"}).status_code == 404
    assert caller.http.get(events).status_code == 400


def test_another_apps_run_and_form_are_404(caller: Caller, lab: LabProcess) -> None:
    run = caller.start_paused()
    other = type(caller)(lab.url, "app-ask_twice")
    assert other.http.get(f"/v1/workflows/run/{run.run_id}").status_code == 404
    assert other.http.get(f"/v1/form/human_input/{run.token}").status_code == 404
    assert other.submit(run.token).status_code == 404
    assert caller.submit("no-such-token").status_code == 404


def test_every_declared_input_is_wanted_and_others_are_ignored(caller: Caller) -> None:
    run = caller.start_paused()
    missing = caller.submit(run.token, comment="fine")
    assert missing.status_code == 400
    assert missing.json()["code"] == "invalid_form_data"
    assert missing.json()["message"] == "Missing required inputs: edited"
    assert caller.submit(run.token, action="maybe").status_code == 400
    assert caller.submit(run.token, comment="c", edited="e", more="m").status_code == 200
    caller.until_status(run.run_id, "succeeded")


def test_a_finished_run_has_one_event_left(caller: Caller) -> None:
    run = caller.start_paused()
    caller.submit(run.token)
    caller.until_status(run.run_id, "succeeded")
    for snapshot in (True, False):
        events = list(caller.events(run.run_id, include_state_snapshot=snapshot))
        assert seen(events) == ["workflow_finished"]
        assert events[-1]["data"]["outputs"]["action"] == "approve"


def test_a_200_and_then_stopped(caller: Caller, lab: LabProcess) -> None:
    run = caller.start_paused()
    lab.control("POST", f"/lab/runs/{run.run_id}/switches", {"stop_after_submit": True})
    followed = caller.events(run.run_id)
    assert next(followed)["event"] == "ping"
    assert caller.submit(run.token).status_code == 200
    rest = list(followed)
    assert seen(rest) == ["workflow_started", "workflow_finished"]
    assert rest[-1]["data"]["status"] == "stopped"
    assert "stopped by user" in rest[-1]["data"]["error"]
    assert caller.status(run.run_id) == "stopped"


def test_a_run_that_never_says_that_its_form_was_filled(caller: Caller, lab: LabProcess) -> None:
    run = caller.start_paused()
    lab.control("POST", f"/lab/runs/{run.run_id}/switches", {"omit_form_filled": True})
    followed = caller.events(run.run_id)
    next(followed)
    caller.submit(run.token)
    rest = list(followed)
    assert "human_input_form_filled" not in seen(rest)
    [form_node] = [
        event["data"]
        for event in rest
        if event["event"] == "node_finished" and event["data"]["node_id"] == "ask"
    ]
    assert form_node["status"] == "succeeded"
    assert form_node["outputs"]["__action_id"] == "approve"


def test_a_200_whose_resume_waits_in_the_queue(caller: Caller, lab: LabProcess) -> None:
    run = caller.start_paused()
    switches = f"/lab/runs/{run.run_id}/switches"
    lab.control("POST", switches, {"hold_resume": True})
    assert caller.submit(run.token).status_code == 200
    assert caller.status(run.run_id) == "paused"
    lab.control("POST", switches, {"hold_resume": False})
    caller.until_status(run.run_id, "succeeded")


def test_a_stream_closes_at_a_pause_unless_asked_to_go_on(caller: Caller) -> None:
    run = caller.start_paused()
    closed = list(caller.events(run.run_id, include_state_snapshot=True))
    assert closed[-1]["event"] == "workflow_paused"


def test_an_expired_form_leaves_by_its_timeout(caller: Caller, lab: LabProcess) -> None:
    run = caller.start_paused("hi")
    followed = caller.events(run.run_id)
    next(followed)
    lab.control("POST", f"/lab/forms/{run.token}/expire")
    rest = list(followed)
    assert "human_input_form_timeout" in seen(rest)
    assert rest[-1]["data"]["outputs"] == {"action": "", "text": "hi"}
    late = caller.submit(run.token)
    assert late.status_code == 412
    assert late.json()["code"] == "human_input_form_expired"


def test_a_second_form_keeps_the_run_paused(caller: Caller, lab: LabProcess) -> None:
    twice = type(caller)(lab.url, "app-ask_twice")
    run = twice.start_paused()
    followed = twice.events(run.run_id)
    next(followed)
    twice.submit(run.token, comment="one", edited="two")
    rest = list(followed)
    assert seen(rest)[-2:] == ["human_input_required", "workflow_paused"]
    second = rest[-2]["data"]
    assert second["node_id"] == "again"
    assert second["form_content"] == "First answer: one"
    twice.until_status(run.run_id, "paused")

    assert twice.submit(run.token).status_code == 412
    answer = {"inputs": {}, "action": "yes", "user": "anyone"}
    assert twice.http.post(f"/v1/form/human_input/{second['form_token']}", json=answer).is_success
    twice.until_status(run.run_id, "succeeded")
    outputs = twice.http.get(f"/v1/workflows/run/{run.run_id}").json()["outputs"]
    assert (outputs["action"], outputs["comment"]) == ("approve", "one")


def test_an_email_only_form_gives_no_token(
    serve_lab: ServeLab, tmp_path: Path, caller: Caller
) -> None:
    text = (WORKFLOWS / "ask.yml").read_text()
    by_mail = tmp_path / "by_mail.yml"
    by_mail.write_text(re.sub("type: webapp", "type: email", text))
    with LabProcess({"mail": by_mail}, {"mail": "app-mail"}, tmp_path / "state") as lab:
        mail = type(caller)(lab.url, "app-mail")
        [reason] = mail.start()["data"]["reasons"]
    assert reason["form_token"] is None


def test_an_unknown_switch_is_refused(lab: LabProcess) -> None:
    with pytest.raises(HTTPError, match="400"):
        lab.control("POST", "/lab/switches", {"hold_everything": True})
