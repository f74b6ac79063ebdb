"""Personal data: whole, hidden from reviewers, or never stored."""

import asyncio
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.domain.audit import verify
from service.domain.decision import Decision, Item
from service.domain.guard import GuardRules, Redaction
from service.domain.ids import DecisionId
from service.domain.outcome import DecidedBy, Outcome, Verdict
from service.domain.review import Answer
from service.guards.masking import LabelRedactor
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.review.answers import AnswerOrder
from service.usecases.review.views import TaskView
from service.usecases.shared.redaction import redacted
from service.web.api import present
from tests.examples import NOW, a_decision
from tests.usecases.acting import answer, claim, ids, keyed
from tests.usecases.conftest import ANN, POLICY, House

MAIL, PHONE, CARD = "ann.smith@mail.example", "13812345678", "4111111111111111"
PERSONAL = (MAIL, PHONE, CARD)

AI_RESULT: dict[str, Any] = {"reply": f"Dear {MAIL}, we refund {CARD}.", "to": MAIL}
LABELLED = {"reply": "Dear [email 1], we refund [card 1].", "to": "[email 1]"}
ORDER = DecisionOrder(
    gate="gate",
    item=Item(text=f"Write to {MAIL}.", fields={"phone": int(PHONE), "amount": 12}),
    ai_result=AI_RESULT,
    signals={"samples": [AI_RESULT, {"reply": "no"}]},
    metadata={"caller": MAIL, "order": 4711},
)


def redact(house: House, redaction: Redaction) -> None:
    house.adopt(POLICY, guards=GuardRules(redaction=redaction))


def ask(house: House, key: str | None = None) -> DecisionId:
    def render(made: Any) -> dict[str, Any]:
        decision, task = made
        shown = present.decision(decision, task, "http://gate.example", None)
        return shown.model_dump(mode="json") | ids(made)

    request = keyed(key, render) if key else None
    decision, _ = asyncio.run(house.decide(ORDER, ANN, request=request))
    return decision.id


def edit(house: House, view: TaskView, edited: Any, comment: str = "") -> None:
    assert view.task.lease
    house.review.answer(
        AnswerOrder(
            task_id=view.task.id,
            lease_token=view.task.lease.token,
            answer=Answer.APPROVE,
            comment=comment,
            edited_result=edited,
        ),
        ANN,
        request=keyed("answer", lambda v: present.answered_task(v).model_dump(mode="json")),
    )


def delivered(house: House, view: TaskView) -> dict[str, Any]:
    with house.store.reading() as tx:
        delivery = tx.deliveries.latest_of_task(view.task.id)
    assert delivery
    message: dict[str, Any] = json.loads(delivery.body)
    return message


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_without_redaction_everything_is_shown_and_kept(house: House, tmp_path: Path) -> None:
    ask(house)
    assert claim(house).decision.ai_result == ORDER.ai_result
    assert all(personal.encode() in everything(tmp_path) for personal in PERSONAL)


def test_reviewers_see_labels_and_the_workflow_gets_the_whole(house: House) -> None:
    redact(house, Redaction.REVIEWERS)
    decision_id = ask(house)
    view = claim(house)
    assert view.decision.item.text == "Write to [email 1]."
    assert view.decision.item.fields == {"phone": "[phone 1]", "amount": 12}
    assert view.decision.ai_result == LABELLED
    assert view.decision.metadata == {"caller": "[email 1]", "order": 4711}
    shown = present.claimed_task(view).model_dump_json()
    assert [personal for personal in PERSONAL if personal in shown] == []
    answer(house, view)
    assert delivered(house, view)["edited_result"] == ORDER.ai_result
    assert house.outcomes.take(decision_id, "run", ANN).view.decision.ai_result == ORDER.ai_result


def test_an_edit_among_labels_reaches_the_workflow_with_what_they_stand_for(house: House) -> None:
    redact(house, Redaction.REVIEWERS)
    decision_id = ask(house)
    view = claim(house)
    edit(house, view, {"reply": "Dear [email 1], no refund. [email 9]", "to": "[email 1]"})
    meant = {"reply": f"Dear {MAIL}, no refund. [email 9]", "to": MAIL}
    assert delivered(house, view)["edited_result"] == meant
    with house.store.reading() as tx:
        stored = tx.idempotency.find(ANN.name, "answer")
        decision = tx.decisions.get(decision_id)
    assert stored
    assert stored.answer
    assert MAIL not in json.dumps(stored.answer)  # what a reviewer's client is told again
    assert decision
    assert decision.outcome
    assert decision.outcome.edited_result == meant


@pytest.mark.parametrize("redaction", [Redaction.REVIEWERS, Redaction.STORAGE])
def test_what_came_in_the_place_of_signals_is_labelled_too(
    house: House, redaction: Redaction, tmp_path: Path
) -> None:
    redact(house, redaction)
    order = replace(ORDER, signals=None, signals_unreadable=f"ask {MAIL}, 93")
    asyncio.run(house.decide(order, ANN))
    assert claim(house).decision.signals_unreadable == "ask [email 1], 93"
    kept = MAIL.encode() in everything(tmp_path)
    assert kept is (redaction is Redaction.REVIEWERS)


def test_a_user_who_is_an_address_is_not_shown(house: House) -> None:
    redact(house, Redaction.REVIEWERS)
    order = replace(ORDER, run_id="run", user=MAIL)
    asyncio.run(house.decide(order, ANN))
    assert claim(house).decision.resume.user == "[email 1]"


def test_in_storage_nothing_personal_is_ever_written(house: House, tmp_path: Path) -> None:
    redact(house, Redaction.STORAGE)
    with capture_logs() as logs:
        decision_id = ask(house, key="one")
        view = claim(house)
        edited = {"reply": "Dear [email 1], call 13912345678", "to": "[email 1]"}
        edit(house, view, edited, comment=f"I asked {MAIL}")
    message = delivered(house, view)
    assert message["edited_result"] == {
        "reply": "Dear [email 1], call [phone 1]",
        "to": "[email 1]",
    }
    assert message["comment"] == "I asked [email 2]"
    assert message["metadata"] == {"caller": "[email 1]", "order": 4711}
    with house.store.reading() as tx:
        decision = tx.decisions.get(decision_id)
        entries = list(tx.audit.entries())
        head = tx.audit.head()
    assert decision
    assert decision.signals == {"samples": [LABELLED, {"reply": "no"}]}
    assert verify(entries, head) is None
    house.store.close()
    kept = everything(tmp_path)
    assert b"[email 1]" in kept
    for personal in (*PERSONAL, "13912345678"):
        assert personal.encode() not in kept
        assert personal not in repr(logs)


def test_the_score_rests_on_the_original(house: House) -> None:
    """One of two samples equals the AI's result: seen before the labels are put in."""
    redact(house, Redaction.STORAGE)
    decision_id = ask(house)
    with house.store.reading() as tx:
        decision = tx.decisions.get(decision_id)
    assert decision
    assert decision.assessment.raw_score == pytest.approx(0.5)


MASKED: dict[str, Any] = {
    "item": Item(text=MAIL, fields={"from": MAIL}),
    "ai_result": MAIL,
    "signals": {"samples": [MAIL]},
    "signals_unreadable": MAIL,
    "metadata": {"from": MAIL},
    "outcome": Outcome(
        verdict=Verdict.APPROVE,
        by=DecidedBy.HUMAN,
        decided_at=NOW,
        settles_at=NOW,
        comment=MAIL,
        edited_result=MAIL,
    ),
}
KEPT = {
    *("id", "gate", "policy_version", "created_at", "requested_by", "category", "risk_level"),
    *("resume", "zone", "reason", "thresholds", "assessment", "panel", "audit_probability"),
}
"""What people did not write, and what choosing thresholds and resuming the run rest on."""


def test_every_field_of_a_decision_is_masked_or_kept_on_purpose() -> None:
    assert MASKED.keys() | KEPT == {field.name for field in fields(Decision)}
    seen = redacted(a_decision(**MASKED), LabelRedactor()).decision
    assert [name for name in MASKED if MAIL in repr(getattr(seen, name))] == []


def test_where_masking_fails_nothing_is_stored(house: House, tmp_path: Path) -> None:
    class Broken:
        def masked(self, *values: Any) -> Any:
            raise RuntimeError("out of order")

    redact(house, Redaction.STORAGE)
    house.decide._redactor = Broken()
    with pytest.raises(RuntimeError):
        ask(house)
    assert MAIL.encode() not in everything(tmp_path)
