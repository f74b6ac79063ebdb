"""The Service API on a good day, in Dify's shapes."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lab.process import LabProcess
from tests.lab.conftest import Caller
from tests.lab_answers import Event


def names(events: Iterable[Event]) -> list[str]:
    return [event["event"] for event in events]


def test_a_stream_tells_the_way_to_the_form_and_ends_there(caller: Caller, lab: LabProcess) -> None:
    body = {"inputs": {"text": "hi"}, "response_mode": "streaming", "user": "anna"}
    with caller.http.stream("POST", "/v1/workflows/run", json=body) as stream:
        lines = [line for line in stream.iter_lines() if line]
    assert lines[0] == "event: ping"
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = [httpx.Response(200, text=line.removeprefix("data: ")).json() for line in lines[1:]]
    assert names(events) == [
        "workflow_started",
        "node_started",
        "node_finished",
        "node_started",
        "human_input_required",
        "workflow_paused",
    ]
    form = events[-2]["data"]
    assert form["node_id"] == "ask"
    assert form["form_content"] == "anna asks about: hi\n\n{{#$output.comment#}}"
    assert form["resolved_default_values"] == {"comment": "none", "edited": "hi"}
    assert [action["id"] for action in form["actions"]] == ["approve", "reject"]
    [reason] = events[-1]["data"]["reasons"]
    assert reason["TYPE"] == "human_input_required"
    assert reason["form_token"] == form["form_token"]


def test_a_blocking_call_answers_at_the_form(caller: Caller) -> None:
    answer = caller.start()
    data = answer["data"]
    assert (data["status"], data["outputs"], data["finished_at"]) == ("paused", {}, None)
    assert data["paused_nodes"] == ["ask"]
    assert data["id"] == answer["workflow_run_id"]


def test_the_system_variables_are_those_of_the_caller(caller: Caller) -> None:
    run = caller.start_paused(user="berta")
    caller.submit(run.token)
    caller.until_status(run.run_id, "succeeded")
    detail = caller.http.get(f"/v1/workflows/run/{run.run_id}").json()
    assert detail["inputs"]["sys.user_id"] == "berta"
    assert detail["outputs"]["run"] == run.run_id


def test_the_answer_flows_into_the_run(caller: Caller) -> None:
    run = caller.start_paused("hi")
    followed = caller.events(run.run_id, include_state_snapshot=True, continue_on_pause=True)
    while next(followed)["event"] != "workflow_paused":
        pass
    assert caller.submit(run.token, comment="good", edited="HI").json() == {}
    rest = list(followed)
    assert names(rest) == [
        "workflow_started",
        "node_started",
        "human_input_form_filled",
        "node_finished",
        "node_started",
        "node_finished",
        "workflow_finished",
    ]
    assert rest[0]["data"]["reason"] == "resumption"
    assert rest[2]["data"]["action_id"] == "approve"
    assert rest[2]["data"]["rendered_content"] == "anna asks about: hi\n\ngood"
    assert rest[-1]["data"]["outputs"] == {
        "action": "approve",
        "title": "Approve",
        "comment": "good",
        "edited": "HI",
        "rendered": "anna asks about: hi\n\ngood",
        "run": run.run_id,
    }


def test_each_action_leaves_by_its_own_branch(caller: Caller) -> None:
    run = caller.start_paused()
    caller.submit(run.token, action="reject")
    caller.until_status(run.run_id, "succeeded")
    detail = caller.http.get(f"/v1/workflows/run/{run.run_id}").json()
    assert detail["outputs"] == {"action": "reject"}


def test_a_form_can_be_read_while_it_waits(caller: Caller) -> None:
    run = caller.start_paused("hi")
    form = caller.http.get(f"/v1/form/human_input/{run.token}").json()
    assert form["form_content"].startswith("anna asks about: hi")
    assert form["resolved_default_values"] == {"comment": "none", "edited": "hi"}
    assert [one["output_variable_name"] for one in form["inputs"]] == ["comment", "edited"]
    assert [one["id"] for one in form["user_actions"]] == ["approve", "reject"]
    assert isinstance(form["expiration_time"], int)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputs": {}, "user": "anna"}, "text is required in input form"),
        ({"inputs": {"text": "x" * 1001}, "user": "anna"}, "less than 1000 characters"),
        ({"inputs": {"text": 7}, "user": "anna"}, "must be a string"),
        ({"inputs": {"text": "hi"}}, "Arg user must be provided"),
        ({"inputs": [], "user": "anna"}, "inputs: "),
        ({"inputs": {"text": "hi"}, "user": "anna", "response_mode": "later"}, "response_mode: "),
    ],
)
def test_bad_requests_are_refused_in_difys_envelope(
    caller: Caller, body: dict[str, object], message: str
) -> None:
    answer = caller.http.post("/v1/workflows/run", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_param"
    assert message in answer.json()["message"]


@pytest.mark.parametrize("header", ["", "app-ask", "Bearer app-as", "Basic app-ask"])
def test_only_an_apps_key_opens_it(lab: LabProcess, header: str) -> None:
    answer = httpx.get(f"{lab.url}/v1/workflows/run/x", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_every_answer_says_that_it_is_no_dify(lab: LabProcess) -> None:
    for path in ("/healthz", "/v1/workflows/run/x", "/nowhere", "/openapi.json"):
        assert httpx.get(lab.url + path).headers["x-stand-in"] == "confidence-gate-lab"
    assert "not Dify" in httpx.get(f"{lab.url}/openapi.json").json()["info"]["title"]


def test_fifty_runs_at_once_pause_and_go_on(caller: Caller) -> None:
    with ThreadPoolExecutor(50) as crowd:
        runs = list(crowd.map(lambda n: caller.start_paused(f"item {n}"), range(50)))
        answers = list(crowd.map(lambda run: caller.submit(run.token, comment=run.run_id), runs))
        assert {answer.status_code for answer in answers} == {400}
        whole = crowd.map(lambda r: caller.submit(r.token, comment=r.run_id, edited=""), runs)
        assert {answer.status_code for answer in whole} == {200}
        list(crowd.map(lambda run: caller.until_status(run.run_id, "succeeded"), runs))
    for run in runs:
        detail = caller.http.get(f"/v1/workflows/run/{run.run_id}").json()
        assert detail["outputs"]["comment"] == run.run_id
