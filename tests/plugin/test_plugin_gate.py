"""The `confidence_gate` tool over the SDK: what it asks, gives out, and refuses to guess."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab.plugin_process import PluginError, PluginProcess

DECISION: dict[str, Any] = {
    "decision_id": "d1",
    "decision": "auto_approve",
    "confidence": 0.95,
    "label": "acceptable",
    "reason": "above_high",
    "thresholds": {"low": 0.1, "high": 0.9},
    "policy_version": 3,
    "model_version": "m1",
    "review_task_id": None,
    "review_url": None,
    "estimated_wait_seconds": None,
    "guards": [],
}
REVIEW = {
    **DECISION,
    "decision": "human_review",
    "confidence": 0.5,
    "reason": "between",
    "review_task_id": "t1",
    "review_url": "http://gate.example/tasks/t1",
}
OUTCOME = {
    "verdict": "approve",
    "by": "human",
    "reviewer": "ann",
    "comment": "fine",
    "edited_result": None,
    "decided_at": "2026-01-01T00:00:00Z",
    "delivery": None,
}
ASK = {"gate": "content-moderation", "text": "hello", "run_id": "run-1", "user": "u1"}
Ask = Callable[..., dict[str, Any]]


def as_json(body: Any, status: int = 200, **headers: str) -> Any:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


def problem(status: int, title: str, **headers: str) -> Any:
    return as_json({"type": "about:blank", "title": title, "status": status}, status, **headers)


def variables(messages: list[dict[str, Any]]) -> dict[str, Any]:
    assert {message["type"] for message in messages} == {"variable"}
    pairs = [message["message"] for message in messages]
    return {pair["variable_name"]: pair["variable_value"] for pair in pairs}


@pytest.fixture
def ask(plugin: PluginProcess, credentials: dict[str, str]) -> Ask:
    def run(process: PluginProcess = plugin, **parameters: Any) -> dict[str, Any]:
        messages = process.tool(
            "confidence_gate", "confidence_gate", {**ASK, **parameters}, credentials
        )
        return variables(messages)

    return run


def failure(ask: Ask, process: PluginProcess | None = None, **parameters: Any) -> str:
    with pytest.raises(PluginError) as caught:
        ask(process, **parameters) if process else ask(**parameters)
    assert caught.value.error_type in {"BadInput", "ServiceError"}
    assert "cg_key_4711" not in str(caught.value)
    return str(caught.value)


def test_an_automatic_approval(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    assert ask(ai_result='{"publish": true}') == {
        "verdict": "approve",
        "decision": "auto_approve",
        "confidence": 0.95,
        "label": "acceptable",
        "reason": "above_high",
        "decision_id": "d1",
        "review_task_id": "",
        "review_url": "",
        "comment": "",
        "edited_result": '{"publish": true}',
    }


def test_an_automatic_rejection_lets_nothing_through(ask: Ask, service: Any) -> None:
    rejected = {"decision": "auto_reject", "confidence": 0.02, "reason": "below_low"}
    service.answer = lambda _: as_json({**DECISION, **rejected})
    given = ask(ai_result="publish")
    assert (given["verdict"], given["edited_result"]) == ("reject", "")


def test_a_review_is_pending(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json({**REVIEW, "confidence": None, "reason": "scorer_failed"})
    given = ask(ai_result="publish")
    assert given["verdict"] == "pending"
    assert given["review_task_id"] == "t1"
    assert given["review_url"] == "http://gate.example/tasks/t1"
    assert given["confidence"] == -1
    assert given["edited_result"] == ""


def test_what_is_sent_is_the_contracts_request(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask(
        ai_result='{"publish": true}',
        signals='{"probabilities": {"acceptable": 0.9, "offensive": 0.1}}',
        category="health",
        risk_level="high",
        resume_mode="native_form",
        app="moderation",
        max_wait_seconds=30,
    )
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/v1/gates/content-moderation/decisions")
    assert asked.headers["authorization"] == "Bearer cg_key_4711"
    assert asked.body == {
        "item": {"text": "hello"},
        "ai_result": {"publish": True},
        "signals": {"probabilities": {"acceptable": 0.9, "offensive": 0.1}},
        "category": "health",
        "risk_level": "high",
        "resume": {
            "mode": "native_form",
            "app": "moderation",
            "run_id": "run-1",
            "user": "u1",
        },
    }


def test_unset_parameters_are_left_out(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    blank = dict.fromkeys(["ai_result", "signals", "category", "resume_mode", "app"], " ")
    ask(**blank, risk_level=None, run_id="", user="", max_wait_seconds="")
    assert service.asked[0].body == {"item": {"text": "hello"}}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("plain words", "plain words"),
        ('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("[1]", [1]),
        ('"quoted"', "quoted"),
        ("true", True),
        ("12", 12),
        ("1.10", "1.10"),
        ("12345678901234567890", "12345678901234567890"),
        ("NaN", "NaN"),
        ('{"cut', '{"cut'),
        ('{"pay": 1, "pay": 9}', '{"pay": 1, "pay": 9}'),
    ],
)
def test_ai_result_is_json_where_it_is_json(
    ask: Ask, service: Any, written: str, sent: Any
) -> None:
    service.answer = lambda _: as_json(DECISION)
    given = ask(ai_result=written)
    assert service.asked[0].body["ai_result"] == sent
    assert given["edited_result"] == (sent if isinstance(sent, str) else json.dumps(sent))


def test_a_gates_name_cannot_leave_its_place_in_the_path(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask(gate="../../admin?x=1#y")
    assert service.asked[0].path == "/v1/gates/..%2F..%2Fadmin%3Fx%3D1%23y/decisions"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"gate": ""}, "gate is missing"),
        ({"text": "a\0b"}, "item.text holds a NUL character"),
        ({"risk_level": "extreme"}, "risk_level"),
        ({"occurrence": "loop.index"}, "occurrence is loop.index, the name of a variable"),
        ({"resume_mode": "native_form", "run_id": ""}, "map sys.workflow_run_id"),
        ({"max_wait_seconds": "soon"}, "max_wait_seconds must be a number"),
    ],
)
def test_bad_input_raises_before_anything_is_sent(
    ask: Ask, service: Any, parameters: dict[str, Any], said: str
) -> None:
    assert said in failure(ask, **parameters)
    assert not service.asked


def test_a_retried_node_asks_with_the_same_key(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask()
    ask()
    ask(text="another text")
    ask(run_id="run-2")
    ask(gate="refunds")
    first, again, *others = [asked.headers["idempotency-key"] for asked in service.asked]
    assert first == again
    assert len({first, *others}) == 4
    assert len(bytes.fromhex(first)) == 32


def test_without_a_run_every_call_is_its_own(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask(run_id="")
    ask(run_id="")
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 2


def keys(service: Any) -> list[str]:
    return [asked.headers["idempotency-key"] for asked in service.asked]


def test_each_occurrence_is_its_own_question(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    for occurrence in ("second", "second", "0", 0, "１", "1", "", None, "{{#loop.index#}}"):
        ask(occurrence=occurrence)
    second, again, zero, number_zero, wide, one, *unset = keys(service)
    assert second == again
    assert zero == number_zero
    assert len({second, zero, wide, one, *unset}) == 5
    assert len(set(unset)) == 1


def test_after_a_proven_resume_the_same_text_is_a_new_question(ask: Ask, service: Any) -> None:
    proven = as_json({**REVIEW, "resume_proven": True})
    service.answer = in_turn(proven, proven, as_json({**REVIEW, "review_task_id": "t3"}))
    assert ask()["review_task_id"] == "t3"
    assert len(set(keys(service))) == 3
    assert len({json.dumps(asked.body) for asked in service.asked}) == 1

    service.answer = lambda _: as_json(DECISION)
    for occurrence in ("1", "2"):  # what is counted is never taken for what an author chose
        ask(occurrence=occurrence)
    assert len(set(keys(service))) == 5


def test_a_repeated_answer_stands_where_no_resume_is_proven(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(REVIEW, 200, **{"Idempotency-Replayed": "true"})
    assert ask()["review_task_id"] == "t1"
    assert len(service.asked) == 1


def test_with_an_occurrence_a_repeated_answer_always_stands(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json({**REVIEW, "resume_proven": True})
    assert ask(occurrence="second")["review_task_id"] == "t1"
    assert len(service.asked) == 1


def test_the_asking_ends(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json({**REVIEW, "resume_proven": True})
    assert "give each its occurrence" in failure(ask)
    assert len(set(keys(service))) == len(service.asked) == 100


@pytest.mark.parametrize(
    "text", [None, "", "   ", "\n\t", "\u200b\u2060\ufeff", "\u3000\u3164", "\ufe0f"]
)
def test_a_blank_text_is_told_to_the_service(ask: Ask, service: Any, text: str | None) -> None:
    service.answer = lambda _: as_json({**REVIEW, "reason": "text_missing", "confidence": None})
    assert (ask(text=text)["verdict"], len(service.asked)) == ("pending", 1)
    assert (service.asked[0].body["item"], service.asked[0].body["text_missing"]) == (
        {"text": ""},
        True,
    )


def test_signals_are_sent_as_they_are_read(ask: Ask, service: Any) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask(signals="<think>hm</think>```json\n{'confidence': '93%',}\n```")
    assert service.asked[0].body["signals"] == {"score": 0.93}
    assert "signals_unreadable" not in service.asked[0].body


@pytest.mark.parametrize(
    "written", ["93", "N/A", "{}", '{"score": 0.8, "logits": [1]}', "x" * 9000]
)
def test_what_cannot_be_read_is_sent_as_it_came(ask: Ask, service: Any, written: str) -> None:
    service.answer = lambda _: as_json({**REVIEW, "reason": "signals_unreadable"})
    assert ask(signals=written)["reason"] == "signals_unreadable"
    assert "signals" not in service.asked[0].body
    assert service.asked[0].body["signals_unreadable"] == written[:2000]


@pytest.mark.parametrize("written", ["High", " HIGH ", "ｈｉｇｈ", "high"])
def test_a_risk_level_is_read_without_case_and_width(ask: Ask, service: Any, written: str) -> None:
    service.answer = lambda _: as_json(DECISION)
    ask(risk_level=written)
    assert service.asked[0].body["risk_level"] == "high"


def in_turn(*replies: Any) -> Callable[[Any], Any]:
    left: Iterator[Any] = iter(replies)
    return lambda _: next(left)


@pytest.mark.parametrize(
    "first",
    [
        None,
        problem(503, "Restarting"),
        problem(429, "Too many requests", **{"Retry-After": "0"}),
        problem(409, "In flight"),
        (502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"),
    ],
    ids=["hung up", "503", "429", "409", "gateway"],
)
def test_a_passing_failure_is_retried_with_the_same_key(ask: Ask, service: Any, first: Any) -> None:
    service.answer = in_turn(first, as_json(DECISION))
    assert ask(run_id="")["verdict"] == "approve"
    assert len(service.asked) == 2
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 1


def test_a_service_that_stays_down_raises(ask: Ask, service: Any) -> None:
    service.answer = lambda _: problem(503, "Restarting")
    assert "failed (503): Restarting" in failure(ask)
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("status", "title"), [(413, "The request is too large"), (429, "Too many requests")]
)
def test_what_cannot_be_asked_is_said_with_its_reason(
    ask: Ask, service: Any, status: int, title: str
) -> None:
    service.answer = lambda _: problem(status, title, **{"Retry-After": "0"})
    assert f"refused the request ({status}): {title}" in failure(ask)


def test_a_refusal_is_said_once_and_not_retried(ask: Ask, service: Any) -> None:
    body = {
        "type": "https://gate.example/problems/validation",
        "title": "Invalid request",
        "status": 422,
        "errors": [{"field": "category", "message": "is not known to this gate"}],
    }
    service.answer = lambda _: as_json(body, 422)
    said = failure(ask)
    assert "Invalid request" in said
    assert "category is not known to this gate" in said
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"OK",
        b"<html></html>",
        b"null",
        b"[]",
        b'{"decision": "auto_approve"}',
        json.dumps({**DECISION, "decision": "approve"}).encode(),
        json.dumps({**DECISION, "confidence": None}).encode(),
        json.dumps({**DECISION, "confidence": 0.5}).encode(),
        json.dumps({**DECISION, "confidence": "0.95"}).encode(),
        json.dumps({**DECISION, "confidence": 95}).encode(),
        json.dumps({**DECISION, "thresholds": {"low": 0.1, "high": None}}).encode(),
        b'{"decision_id": "d", \xff}',
        b"[" * 100_000,
    ],
)
def test_nonsense_never_approves(ask: Ask, service: Any, nonsense: bytes) -> None:
    service.answer = lambda _: (200, {"Content-Type": "application/json"}, nonsense)
    assert "does not answer as a Confidence Gate service" in failure(ask)


def test_an_endless_answer_is_cut_off(ask: Ask, service: Any) -> None:
    service.answer = lambda _: (200, {}, b" " * (5 * 1024 * 1024))
    assert "did not answer in time" in failure(ask)


def test_a_slow_service_raises(ask: Ask, service: Any, hasty_plugin: PluginProcess) -> None:
    released = threading.Event()

    def slowly(_: Any) -> Any:
        released.wait()
        return as_json(DECISION)

    service.answer = slowly
    try:
        assert "did not answer in time" in failure(ask, hasty_plugin)
    finally:
        released.set()


def test_calls_run_side_by_side(ask: Ask, service: Any) -> None:
    everyone_is_in = threading.Barrier(8)

    def together(asked: Any) -> Any:
        everyone_is_in.wait(timeout=30)
        return as_json({**DECISION, "label": asked.body["item"]["text"]})

    service.answer = together
    texts = [f"text {n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        labels = [given["label"] for given in pool.map(lambda text: ask(text=text), texts)]
    assert labels == texts


TAKEN = {"decision_id": "d1", "review_task_id": "t1", "state": "resolved", "verdict": "approve"}


class HeldReview:
    """A service whose review ends when the test says so."""

    def __init__(self, **end: Any) -> None:
        self.end = end
        self.polls: list[str] = []
        self.taken: list[Any] = []

    def __call__(self, asked: Any) -> Any:
        if asked.path.endswith("/take"):
            self.taken.append(asked.body)
            return as_json(TAKEN)
        if asked.method == "POST":
            return as_json(REVIEW)
        self.polls.append(asked.path)
        if len(self.polls) == 1:
            return as_json({**REVIEW, "state": "claimed", "outcome": None})
        return as_json({**REVIEW, "state": "resolved", "outcome": OUTCOME, **self.end})


def test_hold_gives_the_verdict_back(ask: Ask, service: Any) -> None:
    service.answer = review = HeldReview()
    given = ask(resume_mode="hold", ai_result="publish")
    assert review.polls == ["/v1/decisions/d1?wait=25"] * 2
    assert given["verdict"] == "approve"
    assert given["decision"] == "human_review"
    assert (given["comment"], given["edited_result"]) == ("fine", "publish")
    assert review.taken == [{"run_id": "run-1"}]


def test_hold_without_a_run_takes_nothing(ask: Ask, service: Any) -> None:
    service.answer = review = HeldReview()
    assert ask(resume_mode="hold", run_id="")["verdict"] == "approve"
    assert review.taken == []


@pytest.mark.parametrize("verdict", ["duplicate", "pending"])
def test_hold_raises_where_the_verdict_is_not_its_own(ask: Ask, service: Any, verdict: str) -> None:
    record = {**REVIEW, "state": "resolved", "outcome": OUTCOME}
    taken = {**TAKEN, "verdict": verdict}
    service.answer = in_turn(as_json(REVIEW), as_json(record), as_json(taken))
    assert f"the service says {verdict}" in failure(ask, resume_mode="hold")


def test_hold_gives_the_edit_back(ask: Ask, service: Any) -> None:
    service.answer = HeldReview(outcome={**OUTCOME, "edited_result": {"publish": "later"}})
    assert ask(resume_mode="hold", ai_result="now")["edited_result"] == '{"publish": "later"}'


def test_hold_gives_a_rejection_back(ask: Ask, service: Any) -> None:
    service.answer = HeldReview(outcome={**OUTCOME, "verdict": "reject"})
    given = ask(resume_mode="hold", ai_result="publish")
    assert (given["verdict"], given["edited_result"]) == ("reject", "")


def test_hold_ends_with_a_cancelled_task(ask: Ask, service: Any) -> None:
    service.answer = HeldReview(state="cancelled", outcome=None)
    assert ask(resume_mode="hold")["verdict"] == "pending"


def test_hold_is_pending_when_its_time_is_up(ask: Ask, service: Any) -> None:
    service.answer = review = HeldReview(state="claimed", outcome=None)
    assert ask(resume_mode="hold", max_wait_seconds=1)["verdict"] == "pending"
    assert all(poll.endswith(("wait=0", "wait=1")) for poll in review.polls)


def test_hold_without_time_asks_nothing_more(ask: Ask, service: Any) -> None:
    service.answer = review = HeldReview()
    assert ask(resume_mode="hold", max_wait_seconds=0)["verdict"] == "pending"
    assert not review.polls


def test_hold_outlives_a_service_that_is_away(ask: Ask, service: Any) -> None:
    record = {**REVIEW, "state": "resolved", "outcome": OUTCOME}
    away = [None, problem(503, "Restarting")]
    service.answer = in_turn(as_json(REVIEW), *away, as_json(record), as_json(TAKEN))
    assert ask(resume_mode="hold")["verdict"] == "approve"


def test_hold_raises_where_the_service_answers_nonsense(ask: Ask, service: Any) -> None:
    service.answer = in_turn(as_json(REVIEW), as_json({"outcome": "approve"}))
    assert "does not answer as a Confidence Gate" in failure(ask, resume_mode="hold")


def test_only_hold_waits(ask: Ask, service: Any) -> None:
    service.answer = review = HeldReview()
    assert ask(resume_mode="continuation")["verdict"] == "pending"
    assert not review.polls
