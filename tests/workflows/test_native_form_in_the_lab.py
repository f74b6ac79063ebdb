"""content-review-native: the gate decides, or the run pauses until a reviewer has decided."""

import json

import pytest

from lab.process import LabProcess
from tests.installation import DifyCaller, ServiceCaller
from tests.workflows.conftest import CallerOf

KIND = "Does the warranty cover a cracked screen?"
ABUSIVE = "You are a worthless idiot and everybody here hates you."
DELICATE = {"category": "delicate", "ai_result": "publish"}


@pytest.mark.parametrize(("text", "verdict"), [(KIND, "approve"), (ABUSIVE, "reject")])
def test_what_is_sure_goes_on_at_once(native: DifyCaller, text: str, verdict: str) -> None:
    answer = native.start(text=text, ai_result="publish")
    assert answer["data"]["status"] == "succeeded", answer
    outputs = answer["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == (verdict, verdict)
    assert outputs["review_task_id"] == ""
    assert outputs["reason"] == {"approve": "above_high", "reject": "below_low"}[verdict]
    assert outputs.get("result") == {"approve": "publish", "reject": None}[verdict]


def test_an_approval_reaches_the_end(native: DifyCaller, service: ServiceCaller, text: str) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    task = service.review(text, "approve", comment="fine by me")
    assert task["task_id"] == paused.task_id
    end = paused.end()
    assert end["status"] == "succeeded"
    assert end["outputs"] == {
        "verdict": "approve",
        "gate_action": "approve",
        "review_task_id": task["task_id"],
        "reviewer": "key:bootstrap",
        "comment": "fine by me",
        "result": "publish",
    }
    service.until_delivery(task["decision_id"], "delivered")


def test_a_rejection_reaches_the_end(native: DifyCaller, service: ServiceCaller, text: str) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    task = service.review(text, "reject", comment="rude")
    outputs = paused.end()["outputs"]
    assert (outputs["verdict"], outputs["comment"]) == ("reject", "rude")
    assert "result" not in outputs
    service.until_delivery(task["decision_id"], "delivered")


@pytest.mark.parametrize(
    "edit",
    ["publish, but shorter", {"publish": True, "note": "gekürzt 已删减"}, ""],
    ids=["text", "json", "empty"],
)
def test_an_edited_result_reaches_the_end(
    native: DifyCaller, service: ServiceCaller, text: str, edit: str | dict[str, object]
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    service.review(text, "approve", edited_result=edit)
    result = paused.end()["outputs"]["result"]
    assert (json.loads(result) if isinstance(edit, dict) else result) == edit


def test_the_policys_word_at_the_deadline_reaches_the_end(
    app: CallerOf, service: ServiceCaller, text: str
) -> None:
    paused = app("impatient").start_paused(text=text, ai_result="publish")
    outputs = paused.end()["outputs"]
    assert (outputs["verdict"], outputs["reviewer"]) == ("reject", "")
    assert outputs["comment"] == "Nobody decided before the deadline."
    [task] = [t for t in service.tasks(gate="impatient") if t["task_id"] == paused.task_id]
    assert task["state"] == "expired"
    outcome = service.decision(task["decision_id"])["outcome"]
    assert (outcome["verdict"], outcome["by"]) == ("reject", "timeout")
    service.until_delivery(task["decision_id"], "delivered")


def test_a_form_that_expired_in_dify_approves_nothing(
    native: DifyCaller, service: ServiceCaller, lab: LabProcess, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    paused.until_stored()
    lab.control("POST", f"/lab/forms/{paused.token}/expire")
    outputs = paused.end()["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == ("pending", "")
    assert "result" not in outputs

    task = service.review(text, "approve")
    delivery = service.until_delivery(task["decision_id"], "dead")
    assert delivery["reason"].startswith("form_expired")
    assert service.decision(task["decision_id"])["outcome"]["verdict"] == "approve"


def test_many_runs_at_once_each_get_their_own_verdict(
    native: DifyCaller, service: ServiceCaller, text: str
) -> None:
    runs = [native.start_paused(text=f"{text} {number}", **DELICATE) for number in range(6)]
    verdicts = ["approve", "reject"] * 3
    for number, verdict in reversed(list(enumerate(verdicts))):
        service.review(f"{text} {number}", verdict, comment=f"number {number}")
    for number, (run, verdict) in enumerate(zip(runs, verdicts, strict=True)):
        outputs = run.end()["outputs"]
        assert (outputs["verdict"], outputs["comment"]) == (verdict, f"number {number}")
        assert outputs["review_task_id"] == run.task_id
