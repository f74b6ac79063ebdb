"""What the gate's node could not read, or did not have, becomes a review task that says so."""

from typing import Any

import httpx
import pytest

NO_TEXT = {"item": {"text": ""}, "text_missing": True}
UNREADABLE = {"item": {"text": "x"}, "signals_unreadable": "{'score': ninety"}


@pytest.mark.parametrize("gate", ["answers", "strict"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (NO_TEXT, "text_missing"),
        ({**NO_TEXT, "item": {"text": "\u200b \u3000"}}, "text_missing"),
        ({**NO_TEXT, "signals": {"score": 0.999}}, "text_missing"),
        ({**NO_TEXT, "signals_unreadable": "99"}, "text_missing"),
        (UNREADABLE, "signals_unreadable"),
        ({"item": {"fields": {"a": 1}}, "signals_unreadable": "99"}, "signals_unreadable"),
        ({**UNREADABLE, "category": "health", "ai_result": "publish"}, "signals_unreadable"),
    ],
)
def test_a_person_looks(api: httpx.Client, gate: str, body: dict[str, Any], reason: str) -> None:
    answer = api.post(f"/v1/gates/{gate}/decisions", json=body).raise_for_status().json()
    assert (answer["decision"], answer["reason"]) == ("human_review", reason)
    assert (answer["confidence"], answer["label"]) == (None, None)
    task = api.get(f"/v1/tasks/{answer['review_task_id']}").raise_for_status().json()
    assert (task["reason"], task["state"]) == (reason, "pending")
    assert task["signals_unreadable"] == body.get("signals_unreadable")


def test_in_a_batch_too(api: httpx.Client) -> None:
    items = [NO_TEXT, UNREADABLE, {"item": {"text": ""}}]
    body = {"items": items}
    results = api.post("/v1/gates/answers/decisions:batch", json=body).json()["results"]
    assert [one.get("reason") for one in results] == ["text_missing", "signals_unreadable", None]
    assert results[2]["status"] == httpx.codes.UNPROCESSABLE_ENTITY


def test_what_came_is_in_the_audit_trail(api: httpx.Client) -> None:
    answer = api.post("/v1/gates/answers/decisions", json=UNREADABLE).json()
    entries = api.get("/v1/audit", params={"limit": 200}).text
    assert answer["decision_id"] in entries
