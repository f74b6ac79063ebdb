"""Asking a gate: zones, categories, signals, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("score", "decision", "reason"),
    [
        (0.95, "auto_approve", "above_high"),
        (0.90, "human_review", "between"),  # c must be above high, not at it
        (0.50, "human_review", "between"),
        (0.10, "auto_reject", "below_low"),  # at low is rejected
        (0.0, "auto_reject", "below_low"),
    ],
)
def test_three_zones(ask: Ask, score: float, decision: str, reason: str) -> None:
    answer = ask(score)
    assert (answer["decision"], answer["reason"]) == (decision, reason)
    assert answer["confidence"] == pytest.approx(score)
    assert answer["thresholds"] == {"low": 0.10, "high": 0.90}
    assert answer["policy_version"] == 1


def test_a_review_has_a_task_and_a_page(ask: Ask) -> None:
    answer = ask(0.5)
    task = answer["review_task_id"]
    assert task
    assert answer["review_url"] == f"https://gate.example/review/tasks/{task}"
    assert ask(0.95)["review_task_id"] is None


@pytest.mark.parametrize(
    ("category", "score", "decision"),
    [
        ("health", 0.92, "human_review"),
        ("health", 0.96, "auto_approve"),
        ("health", 0.15, "auto_reject"),
        ("closed", 1.0, "human_review"),
        ("closed", 0.0, "human_review"),
        ("toys", 0.92, "auto_approve"),  # no thresholds of its own: the gate's
    ],
)
def test_thresholds_per_category(ask: Ask, category: str, score: float, decision: str) -> None:
    assert ask(score, category=category)["decision"] == decision


@pytest.mark.parametrize(
    ("signals", "confidence", "label"),
    [
        ({"score": 0.3}, 0.3, None),
        ({"probabilities": {"good": 0.7, "bad": 0.3}}, 0.7, "good"),
        ({"logits": [0.0, 0.0]}, 0.5, "good"),
        ({"members": [[0.9, 0.1], [0.5, 0.5]]}, 0.7, "good"),
        ({"samples": ["yes", "yes", "no", "Yes "]}, 0.75, None),
        ({"token_logprobs": [0.0, 0.0]}, 1.0, None),
    ],
)
def test_every_signal(
    api: httpx.Client, signals: dict[str, Any], confidence: float, label: str | None
) -> None:
    body = {"item": {"text": "x"}, "signals": signals}
    answer = api.post("/v1/gates/answers/decisions", json=body).json()
    assert answer["confidence"] == pytest.approx(confidence)
    assert answer["label"] == label


def test_no_signal_at_a_signals_gate_is_review(api: httpx.Client) -> None:
    answer = api.post("/v1/gates/answers/decisions", json={"item": {"text": "x"}}).json()
    assert (answer["decision"], answer["reason"]) == ("human_review", "no_signal")
    assert answer["confidence"] is None


def test_an_automatic_decision_has_its_outcome_at_once(api: httpx.Client, ask: Ask) -> None:
    record = api.get(f"/v1/decisions/{ask(0.95)['decision_id']}").json()
    assert record["state"] == "automatic"
    assert record["outcome"]["verdict"] == "approve"
    assert record["outcome"]["by"] == "policy"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"item": {}}, 422, "item"),
        ({"item": {"text": "   "}}, 422, "item.text"),
        ({"item": {"text": ""}}, 422, "item.text"),
        ({"item": {"text": "\u200b\u2060"}}, 422, "item.text"),
        ({"item": {"text": ""}, "text_missing": False}, 422, "item.text"),
        ({"item": {"text": "x"}, "text_missing": True}, 422, "text_missing"),
        ({"item": {"fields": {"a": 1}}, "text_missing": True}, 422, "text_missing"),
        ({"item": {"text": "x"}, "signals_unreadable": " "}, 422, "signals_unreadable"),
        ({"item": {"text": "x"}, "signals_unreadable": "9" * 2001}, 422, "signals_unreadable"),
        (
            {"item": {"text": "x"}, "signals": {"score": 0.5}, "signals_unreadable": "?"},
            422,
            "not both",
        ),
        ({"item": {"text": 5}}, 422, "item.text"),
        ({"item": {"text": "x"}, "signals": {}}, 422, "exactly one"),
        ({"item": {"text": "x"}, "signals": {"score": 0.5, "logits": [1, 2]}}, 422, "exactly one"),
        ({"item": {"text": "x"}, "signals": {"score": 1.5}}, 422, "signals.score"),
        ({"item": {"text": "x"}, "signals": {"logits": [1, 2, 3]}}, 422, "good, bad"),
        ({"item": {"text": "x"}, "signals": {"probabilities": {"good": 0.5}}}, 422, "sum to"),
        (
            {"item": {"text": "x"}, "signals": {"probabilities": {"fine": 1.0}}},
            422,
            "good, bad",
        ),
        ({"item": {"text": "x"}, "resume": {"mode": "webhook"}}, 422, "app"),
        ({"item": {"text": "x"}, "resume": {"mode": "webhook", "app": "elsewhere"}}, 422, "apps"),
        (
            {"item": {"text": "x"}, "resume": {"mode": "native_form", "app": "nowhere"}},
            422,
            "run_id",
        ),
        ({"item": {"text": "x"}, "risk_level": "extreme"}, 422, "risk_level"),
        ({"item": {"text": "x"}, "surprise": 1}, 422, "surprise"),
        ([], 422, "body"),
    ],
)
def test_bad_requests_say_what_to_fix(api: httpx.Client, body: Any, status: int, says: str) -> None:
    answer = api.post("/v1/gates/answers/decisions", json=body)
    problem = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"].startswith("urn:confidence-gate:problem:")
    assert says in problem["detail"]


@pytest.mark.parametrize(
    "raw",
    [b"\xff\xfe{}", b'{"item": {"text": "\xff"}}', b"{", b"", b"not json"],
    ids=["invalid UTF-8", "invalid UTF-8 in text", "cut off", "empty", "no JSON"],
)
def test_unreadable_bodies_are_problems(api: httpx.Client, raw: bytes) -> None:
    answer = api.post(
        "/v1/gates/answers/decisions", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_bodies_are_read_in_every_encoding_of_json(api: httpx.Client, encoding: str) -> None:
    raw = json.dumps({"item": {"text": "né 好"}}, ensure_ascii=False).encode(encoding)
    answer = api.post(
        "/v1/gates/answers/decisions", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == httpx.codes.OK


def test_a_megabyte_of_text_is_too_large(api: httpx.Client) -> None:
    body = {"item": {"text": "x" * 1024 * 1024}}
    answer = api.post("/v1/gates/answers/decisions", json=body)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert "1048576" in answer.json()["detail"]


def test_a_megabyte_in_pieces_is_too_large(api: httpx.Client) -> None:
    """Without a Content-Length nothing is declared, so what arrives is counted."""
    pieces = iter([b'{"item": {"text": "', *[b"x" * 65536] * 20, b'"}}'])
    answer = api.post(
        "/v1/gates/answers/decisions",
        content=pieces,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_gate_and_an_unknown_route_are_problems(api: httpx.Client) -> None:
    for path in ("/v1/gates/nobody/decisions", "/v1/nothing"):
        answer = api.post(path, json={"item": {"text": "x"}})
        assert answer.status_code == httpx.codes.NOT_FOUND
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_decision_is_not_found(api: httpx.Client) -> None:
    assert api.get("/v1/decisions/dec_nobody").status_code == httpx.codes.NOT_FOUND
