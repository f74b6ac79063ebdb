"""The blind panel and what is learned from it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from service.domain.access import Principal, Scope
from service.domain.change import Cause
from service.domain.decision import Decision, Item, Reason, Zone
from service.domain.errors import Forbidden, TooFewLabels
from service.domain.gate import CLOSED, Certified, PanelRules
from service.domain.ids import CertificateId
from service.domain.label import Label
from service.domain.outcome import DecidedBy, Verdict
from service.domain.review import Answer
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.thresholds.safety.labels import FEWEST_LABELS
from service.usecases.certification.auto_certify import Learner
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem, Made
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.review.expiry import TimeKeeper
from service.web.api import present
from service.web.api.learning import certified
from tests.usecases.acting import answer, claim, ids, keyed, told_again
from tests.usecases.acting import ask as ask_gate
from tests.usecases.certification.test_certify import CONTRACT, EARNING
from tests.usecases.conftest import ANN, POLICY, House

BEN = Principal(name="person:ben", scopes=frozenset(Scope))

type Ask = Callable[..., dict[str, Any]]

DRAWN, NOT_DRAWN = 0.0, 0.99


@pytest.fixture
def ask(house: House) -> Ask:
    """Ask a gate whose panel takes half of the items; `lot` says what is drawn for this one."""
    house.adopt(POLICY, panel=PanelRules(share=0.5))

    def ask(score: float, lot: float = DRAWN) -> dict[str, Any]:
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
        return ids(asyncio.run(decide(order, ANN)))

    return ask


def stored(house: House, asked: dict[str, Any]) -> Decision:
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([asked["decision"]]).values()
    return decision


def labels(house: House) -> list[Label]:
    with house.store.reading() as tx:
        return tx.labels.of_panel("gate")


def deliveries(house: House) -> int:
    with house.store.reading() as tx:
        return len(tx.deliveries.browse(gates=None, state=None, page=Page()))


def test_a_drawn_item_is_decided_as_without_the_panel(house: House, ask: Ask) -> None:
    asked = ask(0.95)
    assert asked["zone"] == Zone.AUTO_APPROVE
    decision = stored(house, asked)
    assert (decision.reason, decision.panel) == (Reason.ABOVE_HIGH, True)
    view = house.outcomes.read(asked["decision"], ANN)
    assert view.task is None
    assert view.outcome
    assert (view.outcome.verdict, view.outcome.by) == (Verdict.APPROVE, DecidedBy.POLICY)


def test_an_item_not_drawn_asks_nobody(house: House, ask: Ask) -> None:
    assert ask(0.95, NOT_DRAWN)["task"] is None
    assert not stored(house, ask(0.95, NOT_DRAWN)).panel


def test_the_panels_answer_is_a_label_and_nothing_else(house: House, ask: Ask) -> None:
    asked = ask(0.95)
    answer(house, claim(house), Answer.REJECT)
    [label] = labels(house)
    assert (label.raw_score, label.right, label.panel) == (0.95, False, True)
    assert deliveries(house) == 0
    outcome = stored(house, asked).outcome
    assert outcome
    assert outcome.verdict is Verdict.APPROVE


def test_a_reviewer_cannot_tell_the_panels_items(house: House, ask: Ask) -> None:
    ask(0.95)
    ask(0.5, NOT_DRAWN)
    seen = [present.task(claim(house)).model_dump(mode="json") for _ in range(2)]
    own = {"task_id", "decision_id", "priority"}
    first, second = ({k: v for k, v in one.items() if k not in own} for one in seen)
    assert first == second
    assert first["suggestion"] is None
    assert first["confidence"] is None
    assert first["reason"] == "hidden"
    assert first["thresholds"] == {"low": None, "high": None}
    assert first["outcome"] is None


def test_the_ais_word_shows_after_the_first_answer(house: House, ask: Ask) -> None:
    ask(0.5, NOT_DRAWN)
    view = claim(house)
    answer(house, view)
    after = house.tasks.read(view.task.id, ANN)
    assert not after.blind
    assert after.decision.assessment.confidence == 0.5


def test_who_looks_and_takes_the_answer_back_has_seen_nothing(house: House, ask: Ask) -> None:
    ask(0.95)
    view = claim(house)
    answer(house, view, Answer.REJECT, undo=timedelta(seconds=5))
    assert house.tasks.read(view.task.id, ANN).blind
    house.clock.forward(seconds=5)
    assert not house.tasks.read(view.task.id, ANN).blind


def test_an_expert_is_not_led_either(house: House, ask: Ask) -> None:
    ask(0.95)
    view = claim(house)
    answer(house, view, Answer.UNSURE)
    assert house.tasks.read(view.task.id, ANN).blind


def test_the_cold_start_is_blind_too(house: House) -> None:
    house.gates.adopt([EARNING], house.clock.now())
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.99})
    asyncio.run(house.decide(order, ANN))
    assert claim(house).blind


def test_a_place_in_the_queue_tells_nothing(house: House, ask: Ask) -> None:
    first, second = (ask(0.5, lot) for lot in (0.6, 0.9))
    with house.store.reading() as tx:
        tasks = [tx.tasks.get(asked["task"]) for asked in (first, second)]
    assert tasks[0]
    assert tasks[1]
    assert tasks[0].priority != tasks[1].priority  # by lot, though the scores are the same


def test_a_missed_deadline_of_the_panel_changes_nothing(house: House, ask: Ask) -> None:
    asked = ask(0.95)
    keeper = TimeKeeper(
        store=house.store,
        gates=house.gates,
        writer=house.writer,
        bus=house.bus,
        clock=house.clock,
    )
    house.clock.forward(hours=2)
    assert keeper.sweep() == 1
    outcome = stored(house, asked).outcome
    assert outcome
    assert (outcome.verdict, outcome.by) == (Verdict.APPROVE, DecidedBy.POLICY)
    assert labels(house) == []
    assert deliveries(house) == 0


def test_a_policy_may_hold_the_panels_items_back(house: House, ask: Ask) -> None:
    house.adopt(POLICY, panel=PanelRules(share=0.5, holds=True))
    asked = ask(0.95)
    assert asked["zone"] == Zone.HUMAN_REVIEW
    assert stored(house, asked).reason is Reason.AUDIT_SAMPLE


def test_an_undone_answer_is_no_label(house: House, ask: Ask) -> None:
    ask(0.95)
    view = claim(house)
    answer(house, view, undo=timedelta(seconds=5))
    assert len(labels(house)) == 1
    house.review.undo(view.task.id, ANN)
    assert labels(house) == []


def test_what_was_said_before_an_undone_answer_stays_a_label(house: House) -> None:
    house.adopt(POLICY, panel=PanelRules(share=1.0), review=replace(POLICY.review, quorum=2))
    ask_gate(house, 0.95)
    answer(house, claim(house), Answer.REJECT)
    view = claim(house, BEN)
    answer(house, view, Answer.REJECT, undo=timedelta(seconds=5), who=BEN)
    assert [label.reviewer for label in labels(house)] == [BEN.name]
    house.review.undo(view.task.id, BEN)
    [label] = labels(house)
    assert (label.reviewer, label.right, label.panel) == (ANN.name, False, True)


def test_items_chosen_for_their_scores_are_no_panel(house: House, ask: Ask) -> None:
    ask(0.5, NOT_DRAWN)
    answer(house, claim(house))
    assert labels(house) == []


def learner(house: House) -> Learner:
    certify = house.certifier()
    return Learner(store=house.store, gates=house.gates, certify=certify, version_of=lambda _: None)


def fill_panel(house: House, items: int) -> None:
    """Labels as the cold start brings them, straight into the store."""
    lot = np.random.default_rng(len(labels(house)))
    right = lot.random(items) < 0.5
    scores = 1 / (1 + np.exp(-1.9 * (np.where(right, 2.4, -2.4) + lot.standard_normal(items))))

    async def crowd() -> list[Made]:
        order = (
            DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": float(score)})
            for score in scores
        )
        return await asyncio.gather(*(house.decide(one, ANN) for one in order))

    made = asyncio.run(crowd())
    with house.store.transaction() as tx:
        for (decision, _), score, is_right in zip(made, scores, right, strict=True):
            tx.labels.add(
                Label(
                    decision_id=decision.id,
                    gate=POLICY.gate,
                    raw_score=float(score),
                    source="signal:score",
                    category=None,
                    right=bool(is_right),
                    panel=True,
                    reviewer="person:ann",
                    at=house.clock.now(),
                )
            )


def test_a_cold_gate_opens_by_itself_as_labels_come_in(house: House) -> None:
    house.gates.adopt([EARNING], house.clock.now())
    learning = learner(house)
    fill_panel(house, FEWEST_LABELS - 1)
    assert not learning.look_at(house.gates.of("gate"))
    fill_panel(house, 1400)
    assert learning.look_at(house.gates.of("gate"))
    opened = house.gates.of("gate").rule_for(None)
    assert opened.thresholds != CLOSED
    assert not learning.look_at(house.gates.of("gate"))  # nothing new was learned since


def test_every_item_of_the_cold_start_is_a_panel_item(house: House) -> None:
    house.gates.adopt([EARNING], house.clock.now())
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.99})
    asyncio.run(house.decide(order, ANN))
    answer(house, claim(house), Answer.APPROVE)
    [label] = labels(house)
    assert (label.right, label.panel) == (True, True)


def test_fixed_thresholds_learn_nothing(house: House) -> None:
    assert not learner(house).look_at(replace(POLICY, contract=None))


def test_a_cold_gate_says_how_many_labels_it_needs(house: House) -> None:
    house.gates.adopt([EARNING], house.clock.now())
    learning = learner(house)
    policy = house.gates.of("gate")
    needed = learning.outlook(policy)
    assert {one.promise.value for one in needed} == {"wrong_approvals", "wrong_rejections"}
    assert all(one.fewest > 100 for one in needed)
    fill_panel(house, 400)
    later = learning.outlook(policy)
    assert all(one.likely is not None and one.fewest <= one.likely for one in later)


def test_fixed_thresholds_need_no_labels(house: House) -> None:
    assert learner(house).outlook(house.gates.of("gate")) == ()


def scheduled(house: House, days: int = 30) -> Learner:
    """A gate that is open, and certified again so often."""
    contract = replace(CONTRACT, certify_every_days=days)
    house.gates.adopt([replace(EARNING, contract=contract)], house.clock.now())
    learning = learner(house)
    fill_panel(house, 1500)
    assert learning.look_at(house.gates.of("gate"))
    return learning


def newest_version(house: House) -> StoredPolicy:
    with house.store.reading() as tx:
        return tx.policies.all_of("gate")[0]


def test_a_schedule_certifies_on_new_labels_when_the_day_has_come(house: House) -> None:
    learning = scheduled(house)
    house.clock.forward(days=29)
    fill_panel(house, 5)
    assert not learning.look_at(house.gates.of("gate")), "the day has not come"
    house.clock.forward(days=2)
    assert not learning.look_at(house.gates.of("gate")), "nothing was learned since it came"
    fill_panel(house, 5)
    assert learning.look_at(house.gates.of("gate"))
    newest = newest_version(house)
    assert newest.change.cause is Cause.CERTIFICATE
    assert (newest.change.actor, newest.change.note) == ("learner", "on schedule, every 30 days")
    assert not learning.look_at(house.gates.of("gate")), "once"


def test_a_schedule_never_rests_on_less_than_what_is_in_force(house: House) -> None:
    scheduled(house)
    with house.store.transaction() as tx:
        stored = tx.policies.all_of("gate")[0]
        certificate = tx.certificates.get(stored.document["certified"][0]["certificate"])
        assert certificate
        more = replace(certificate, id=CertificateId("crt_of_a_file"))
        tx.certificates.add(replace(more, document={**more.document, "labels": 9000}))
    policy = house.gates.of("gate")
    earned: dict[str | None, Certified] = {
        None: replace(policy.certified[None], certificate=CertificateId("crt_of_a_file"))
    }
    house.clock.forward(days=31)
    fill_panel(house, 5)
    assert not learner(house).look_at(replace(policy, certified=earned))


def test_on_demand_by_a_manager(house: House) -> None:
    learning = scheduled(house)
    fill_panel(house, 149)
    with pytest.raises(TooFewLabels, match="it takes 1,650: 1 are missing"):
        learning.certify_now("gate", ANN)
    fill_panel(house, 1)
    before = newest_version(house)
    request = keyed("once", certified)
    put = learning.certify_now("gate", ANN, request=request)
    newest = newest_version(house)
    answer = told_again(lambda: learning.certify_now("gate", ANN, request=request))
    assert answer == certified(put), "asked twice, certified once"
    assert answer["policy_version"] == newest.version == before.version + 1
    assert answer["certificates"][0]["labels"] == 1650
    assert newest_version(house) == newest
    assert (newest.change.actor, newest.change.note) == (ANN.name, "on demand")
    reviewer = Principal(name="person:lin", scopes=frozenset({Scope.REVIEW}))
    with pytest.raises(Forbidden):
        learning.certify_now("gate", reviewer)


def test_on_demand_with_too_few_labels_changes_nothing(house: House) -> None:
    house.gates.adopt([EARNING], house.clock.now())
    fill_panel(house, FEWEST_LABELS - 1)
    before = newest_version(house)
    with pytest.raises(TooFewLabels, match="99 labels"):
        learner(house).certify_now("gate", ANN)
    assert newest_version(house) == before
