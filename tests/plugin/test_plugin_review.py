"""The `get_review` and `report_outcome` tools over the SDK."""

import json
from typing import Any

import pytest

from lab.plugin_process import PluginError, PluginProcess

TAKEN = {
    "decision_id": "d1",
    "review_task_id": "t1",
    "state": "resolved",
    "verdict": "approve",
    "reviewer": "ann",
    "comment": "fine",
    "edited_result": {"publish": True},
}


def as_json(body: Any, status: int = 200) -> Any:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def run(process: PluginProcess, tool: str, parameters: Any, credentials: Any) -> dict[str, Any]:
    messages = process.tool("confidence_gate", tool, parameters, credentials)
    pairs = [message["message"] for message in messages]
    return {pair["variable_name"]: pair["variable_value"] for pair in pairs}


def test_a_verdict_is_taken_by_decision(
    plugin: PluginProcess, service: Any, credentials: Any
) -> None:
    service.answer = lambda _: as_json(TAKEN)
    parameters = {"decision_id": "d1", "run_id": "run-2"}
    assert run(plugin, "get_review", parameters, credentials) == {
        "state": "resolved",
        "verdict": "approve",
        "reviewer": "ann",
        "comment": "fine",
        "edited_result": '{"publish": true}',
    }
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/v1/decisions/d1/take")
    assert asked.body == {"run_id": "run-2"}
    assert "idempotency-key" not in asked.headers


def test_a_verdict_is_taken_by_task(plugin: PluginProcess, service: Any, credentials: Any) -> None:
    service.answer = lambda _: as_json(TAKEN)
    run(plugin, "get_review", {"review_task_id": "t/1", "run_id": "r"}, credentials)
    assert service.asked[0].path == "/v1/tasks/t%2F1/take"


@pytest.mark.parametrize(("state", "verdict"), [("claimed", "pending"), ("resolved", "duplicate")])
def test_pending_and_duplicate_come_with_nothing_else(
    plugin: PluginProcess, service: Any, credentials: Any, state: str, verdict: str
) -> None:
    service.answer = lambda _: as_json({"decision_id": "d1", "state": state, "verdict": verdict})
    given = run(plugin, "get_review", {"decision_id": "d1", "run_id": "r"}, credentials)
    assert given == {
        "state": state,
        "verdict": verdict,
        "reviewer": "",
        "comment": "",
        "edited_result": "",
    }


@pytest.mark.parametrize(
    ("tool", "parameters", "said"),
    [
        ("get_review", {"decision_id": "d1"}, "run_id is missing"),
        ("get_review", {"run_id": "r"}, "decision_id or review_task_id"),
        ("report_outcome", {"truth": "approve"}, "decision_id is missing"),
        ("report_outcome", {"decision_id": "d1"}, "truth is missing"),
        ("report_outcome", {"decision_id": "d1", "truth": "unsure"}, "truth"),
    ],
)
def test_missing_input_raises_before_anything_is_sent(
    plugin: PluginProcess,
    service: Any,
    credentials: Any,
    tool: str,
    parameters: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(PluginError, match=said) as caught:
        run(plugin, tool, parameters, credentials)
    assert caught.value.error_type == "BadInput"
    assert not service.asked


@pytest.mark.parametrize(
    "answer", [{**TAKEN, "verdict": "unsure"}, {**TAKEN, "state": "gone"}, {"verdict": "approve"}]
)
def test_a_verdict_we_do_not_know_raises(
    plugin: PluginProcess, service: Any, credentials: Any, answer: Any
) -> None:
    service.answer = lambda _: as_json(answer)
    with pytest.raises(PluginError, match="does not answer as a Confidence Gate"):
        run(plugin, "get_review", {"decision_id": "d1", "run_id": "r"}, credentials)


def test_an_outcome_is_reported(plugin: PluginProcess, service: Any, credentials: Any) -> None:
    service.answer = lambda _: as_json({"recorded": True})
    parameters = {"decision_id": "d1", "truth": "reject", "note": "chargeback"}
    assert run(plugin, "report_outcome", parameters, credentials) == {"recorded": True}
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/outcomes", parameters)
    assert asked.headers["idempotency-key"]


def test_an_unknown_decision_is_named(
    plugin: PluginProcess, service: Any, credentials: Any
) -> None:
    body = {"type": "about:blank", "title": "No such decision", "status": 404}
    service.answer = lambda _: as_json(body, 404)
    with pytest.raises(PluginError, match=r"\(404\): No such decision"):
        run(plugin, "report_outcome", {"decision_id": "d1", "truth": "reject"}, credentials)
