"""The message is written once, and says what the contract says."""

from datetime import timedelta
from typing import Any

import pytest

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.decision import Resume, ResumeMode
from service.domain.ids import AppName, TaskId
from service.domain.outcome import DecidedBy, Outcome, Verdict
from service.resume import ResumeMessageWriter
from tests.examples import NOW, a_decision

APPS = {
    AppName("moderation"): App(
        name=AppName("moderation"),
        url="https://dify.example/v1",
        actions={Verdict.APPROVE: "publish", Verdict.REJECT: "hide"},
    )
}


def an_outcome(**changes: Any) -> Outcome:
    given: dict[str, Any] = {
        "verdict": Verdict.REJECT,
        "by": DecidedBy.HUMAN,
        "decided_at": NOW,
        "settles_at": NOW + timedelta(seconds=5),
        "reviewer": "mei",
        "comment": "不行",
    }
    return Outcome(**given | changes)


def write(decision: Any = None, **changes: Any) -> ResumeMessage:
    body = ResumeMessageWriter(APPS).write(
        decision or a_decision(), TaskId("tsk_1"), an_outcome(**changes)
    )
    return ResumeMessage.model_validate_json(body)


def test_it_says_what_was_decided() -> None:
    decision = a_decision(metadata={"order": 7, "tags": ["a"]})
    message = write(decision)
    assert message == ResumeMessage(
        timestamp=NOW,
        decision_id=decision.id,
        review_task_id="tsk_1",
        verdict="reject",
        gate_action="hide",
        reviewer="mei",
        comment="不行",
        edited_result={"publish": True},
        metadata={"order": 7, "tags": ["a"]},
    )


@pytest.mark.parametrize("edit", ["better", {"publish": False}, False, 0, "", []])
def test_an_edit_takes_the_place_of_the_original(edit: Any) -> None:
    assert write(edited_result=edit).edited_result == edit


def test_without_an_app_the_action_is_the_verdict() -> None:
    decision = a_decision(resume=Resume(mode=ResumeMode.WEBHOOK))
    assert write(decision).gate_action == "reject"
    assert write(decision, verdict=Verdict.APPROVE).gate_action == "approve"


def test_equal_inputs_give_equal_bytes_whatever_order_they_came_in() -> None:
    writer = ResumeMessageWriter(APPS)
    one = a_decision(metadata={"a": 1, "b": {"c": 2, "d": 3}})
    two = a_decision(id=one.id, metadata={"b": {"d": 3, "c": 2}, "a": 1})
    bodies = {writer.write(d, TaskId("tsk_1"), an_outcome()) for d in (one, two)}
    assert len(bodies) == 1
    assert "不行".encode() in bodies.pop()
