"""Webhook triggers: an answer at once, a run that only the lab's own routes show."""

from typing import TypedDict

import httpx
import pytest

from lab.process import LabProcess
from tests.lab.conftest import Caller, until
from tests.lab_answers import LabApp, LabRun


class Sent(TypedDict, total=False):
    """What is sent to the webhook, in the HTTP client's words."""

    json: object
    content: bytes
    data: dict[str, str]
    headers: dict[str, str]


@pytest.fixture
def address(lab: LabProcess) -> str:
    apps: list[LabApp] = lab.control("GET", "/lab/apps")
    [app] = [a for a in apps if a["name"] == "triggered"]
    return f"{lab.url}{app['webhook']}"


def triggered_runs(lab: LabProcess) -> list[LabRun]:
    runs: list[LabRun] = lab.control("GET", "/lab/runs")
    return [run for run in runs if run["app"] == "triggered"]


def test_a_webhook_starts_a_run(lab: LabProcess, address: str) -> None:
    before = len(triggered_runs(lab))
    answer = httpx.post(address, json={"decision_id": "d-1"}, headers={"x-kind": "test"})
    assert (answer.status_code, answer.json()) == (202, {"taken": True})
    until(lambda: len(triggered_runs(lab)) > before, "the run to be there")
    until(lambda: triggered_runs(lab)[-1]["status"] == "succeeded", "the run to end")
    run = triggered_runs(lab)[-1]
    assert run["origin"] == "trigger"
    outputs = run["outputs"]
    assert outputs is not None
    assert (outputs["decision_id"], outputs["note"], outputs["kind"]) == ("d-1", None, "test")
    assert outputs["raw"]["body"] == {"decision_id": "d-1"}
    hidden = Caller(lab.url, "app-triggered").http.get(f"/v1/workflows/run/{run['id']}")
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("request_options", "message"),
    [
        ({"json": {}}, "Required body parameter missing: decision_id"),
        ({"json": {"decision_id": 7}}, "validation failed"),
        ({"json": ["decision_id"]}, "expected an object"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, "Invalid JSON"),
        ({"data": {"decision_id": "d"}}, "Content-type mismatch"),
    ],
)
def test_a_webhook_that_does_not_fit_starts_nothing(
    lab: LabProcess, address: str, request_options: Sent, message: str
) -> None:
    before = len(triggered_runs(lab))
    answer = httpx.post(address, **request_options)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert len(triggered_runs(lab)) == before


def test_another_method_and_an_unknown_address_are_refused(lab: LabProcess, address: str) -> None:
    assert httpx.get(address).status_code == 400
    assert httpx.post(f"{lab.url}/triggers/webhook/unknown", json={}).status_code == 404
