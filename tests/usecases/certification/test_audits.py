"""Active audits at work: people judge what the gate has decided, and nothing else comes of it."""

import asyncio
from dataclasses import replace

import pytest

from service.domain.decision import Decision, Item, Reason, Zone
from service.domain.gate import AuditRules, PanelRules
from service.domain.gate_document import document_of, policy_of
from service.domain.outcome import Verdict
from service.domain.recorded import Period
from service.domain.review import Answer
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.thresholds.audits import audit_probability
from service.usecases.certification.auto_certify import Learner
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.insight.gate_report import GateReport
from tests.examples import NOW
from tests.usecases.acting import answer, claim, ids
from tests.usecases.certification.test_certify import EARNING
from tests.usecases.conftest import ANN, POLICY, House

SHARE = 0.02
AUDITED = replace(POLICY, audits=AuditRules(share=SHARE))


def ask(house: House, score: float, lot: float = 0.0) -> tuple[Decision, bool]:
    """Ask about an item for which `lot` is drawn: its decision, and whether people are asked."""
    decide = DecideItem(
        gates=house.gates,
        assessor=GuardedAssessor(Assessor({}), TextGuard()),
        recorder=house.recorder,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
        redactor=LabelRedactor(),
        lot=lambda: lot,
    )
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": score})
    made = ids(asyncio.run(decide(order, ANN)))
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([made["decision"]]).values()
    return decision, made["task"] is not None


@pytest.fixture
def audited(house: House) -> House:
    house.gates.adopt([AUDITED], house.clock.now())
    return house


def report(house: House) -> GateReport:
    certify = house.certifier()
    learner = Learner(
        store=house.store, gates=house.gates, certify=certify, version_of=lambda _: None
    )
    return GateReport(store=house.store, gates=house.gates, learner=learner)


def test_the_answer_goes_on_and_its_probability_stays(audited: House) -> None:
    decision, asked = ask(audited, 0.95)
    assert asked
    assert (decision.zone, decision.reason) == (Zone.AUTO_APPROVE, Reason.ABOVE_HIGH)
    assert decision.audit_probability == audit_probability(0.95, POLICY.thresholds, SHARE)
    assert decision.outcome
    assert not decision.panel
    view = audited.outcomes.read(decision.id, ANN)
    assert view.task is None


def test_who_is_not_drawn_keeps_the_probability_too(audited: House) -> None:
    decision, asked = ask(audited, 0.95, lot=0.9)
    assert not asked
    assert decision.audit_probability


def test_people_are_asked_blindly_and_change_nothing(audited: House) -> None:
    decision, _ = ask(audited, 0.95)
    view = claim(audited)
    assert view.blind
    assert view.decision.assessment.confidence is None
    answer(audited, view, Answer.REJECT)
    with audited.store.reading() as tx:
        [after] = tx.decisions.get_many([decision.id]).values()
        assert tx.labels.of_panel("gate") == [], "an audit is no part of the panel"
    assert after.outcome
    assert after.outcome.verdict is Verdict.APPROVE


def test_nobody_can_tell_an_audit_from_a_review(audited: House) -> None:
    ask(audited, 0.95)
    ask(audited, 0.5)
    views = [claim(audited) for _ in range(2)]
    assert all(view.blind for view in views)
    assert {view.decision.reason for view in views} == {Reason.HIDDEN}


def test_reviews_panels_and_gates_without_audits_have_no_probability(audited: House) -> None:
    assert ask(audited, 0.5)[0].audit_probability is None
    audited.gates.adopt([replace(AUDITED, panel=PanelRules(share=0.5))], audited.clock.now())
    drawn, asked = ask(audited, 0.95)
    assert asked
    assert (drawn.panel, drawn.audit_probability) == (True, None)
    audited.gates.adopt([POLICY], audited.clock.now())
    decision, asked = ask(audited, 0.95)
    assert (decision.audit_probability, asked) == (None, False)
    audited.gates.adopt([replace(EARNING, audits=AuditRules(share=SHARE))], audited.clock.now())
    assert ask(audited, 0.95)[0].audit_probability is None, "nothing is automatic yet"


def test_the_gate_says_what_its_audits_found(audited: House) -> None:
    assert report(audited).audits(audited.gates.of("gate")) is None
    for score, said in ((0.95, Answer.REJECT), (0.99, Answer.APPROVE), (0.02, Answer.REJECT)):
        ask(audited, score)
        answer(audited, claim(audited), said)
    ask(audited, 0.97, lot=0.9)
    ask(audited, 0.03)
    found = report(audited).audits(audited.gates.of("gate"))
    assert found
    told = (found.answers.decided, found.answers.drawn, found.answers.answered)
    assert told == (5, 4, 3)
    assert found.approvals.value
    assert found.rejections.value == 0
    with audited.store.reading() as tx:
        items = tx.recorded.audits(Period(gate="gate", limit=2))
    assert (list(items.drawn), list(items.right)) == ([True, False], [None, None])


def test_a_policy_keeps_its_audits_and_one_without_is_written_as_before() -> None:
    written = document_of(AUDITED)
    assert policy_of(POLICY.gate, 1, written, NOW).audits == AUDITED.audits
    assert "audits" not in document_of(POLICY)["written"]
