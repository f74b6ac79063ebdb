"""A gate at work: what it promised is watched, and what it does about it is another version."""

from dataclasses import replace

import numpy as np
import pytest

from service.domain.adaptation import Mode
from service.domain.certificate import ReviewBounds, RiskContract, Target
from service.domain.change import Cause
from service.domain.decision import Decision, Zone
from service.domain.errors import ChangedMeanwhile, TooFewLabels
from service.domain.gate import CLOSED, GatePolicy, PanelRules
from service.domain.label import Label
from service.ports.page import Page
from service.thresholds.controller import WINDOW
from service.thresholds.safety.labels import LABELS_TO_CERTIFY_AGAIN
from service.thresholds.safety.transitions import SAFE_PANEL
from service.thresholds.sample import Sample
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.shared.new_ids import new_decision_id
from tests.usecases.acting import ask
from tests.usecases.certification.test_certify import sample
from tests.usecases.conftest import ANN, POLICY, House

CONTRACT = RiskContract(
    target=Target.AUTO_ERROR,
    wrong_answers=0.05,
    confidence=0.9,
    review=ReviewBounds(min=0.01, max=0.4),
)
SOURCE = "signal:score"


class Gate:
    """A certified gate, with items that come to it and what people say of them."""

    def __init__(self, house: House) -> None:
        self.house = house
        earning = replace(
            POLICY, thresholds=CLOSED, contract=CONTRACT, panel=PanelRules(share=0.05)
        )
        house.gates.adopt([earning], house.clock.now())
        self.certify = house.certifier()
        self.watcher = Watcher(
            store=house.store,
            gates=house.gates,
            bus=house.bus,
            clock=house.clock,
            meter=house.metrics,
        )
        self.learner = Learner(
            store=house.store, gates=house.gates, certify=self.certify, version_of=lambda _: None
        )
        with house.store.reading() as tx:
            [self.pattern] = tx.decisions.get_many([ask(house)["decision"]]).values()
        self.certify(self.policy, sample(4000), None, source=SOURCE, actor="test")

    @property
    def policy(self) -> GatePolicy:
        return self.house.gates.get("gate", ANN)

    def look(self) -> GatePolicy:
        self.watcher.look_at(self.policy)
        return self.policy

    def days_until_safe(self, days: int | None) -> int:
        """Certified so often, and by its own panel's labels; from then on twenty labels a day come,
        and three times as many of the automatic answers are wrong as may be."""
        contract = replace(CONTRACT, certify_every_days=days)
        self.certify(self.policy, sample(1_600), contract, source=SOURCE, actor="test")
        self.receive(sample(2_000, seed=30), labelled=True)
        assert self.learner.look_at(self.policy)
        for day in range(1, 40):
            self.house.clock.forward(days=1)
            self.receive(sample(20, seed=30 + day), labelled=True, flipped=0.15)
            self.learner.look_at(self.policy)
            adapted = self.look().adapted
            if adapted and adapted.mode is Mode.SAFE:
                return day
        raise AssertionError("no alarm in forty days")

    def receive(self, items: Sample, *, labelled: bool = False, flipped: float = 0.0) -> None:
        """Items with these scores; `labelled` ones belong to the panel, and a share of the labels
        is the other way round, as if the world had changed under the scores."""
        lot = np.random.default_rng(9)
        decisions, labels = [], []
        for score, right in zip(items.scores, items.labels, strict=True):
            now = self.house.clock.forward(seconds=1)
            decision: Decision = replace(
                self.pattern,
                id=new_decision_id(),
                created_at=now,
                panel=labelled,
                signals={"score": float(score)},
                assessment=replace(
                    self.pattern.assessment, raw_score=float(score), confidence=float(score)
                ),
            )
            decisions.append(decision)
            labels.append(
                Label(
                    decision_id=decision.id,
                    gate=decision.gate,
                    raw_score=float(score),
                    source=SOURCE,
                    category=None,
                    right=bool(right) != (lot.random() < flipped),
                    panel=True,
                    reviewer="ann",
                    at=now,
                )
            )
        with self.house.store.transaction() as tx:
            tx.decisions.add(decisions)
            for label in labels if labelled else ():
                tx.labels.add(label)


@pytest.fixture
def gate(house: House) -> Gate:
    return Gate(house)


def causes(gate: Gate) -> list[Cause]:
    return [one.change.cause for one in gate.house.gates.versions("gate", ANN, Page(limit=9))]


def test_while_nothing_changes_nothing_is_done(gate: Gate) -> None:
    before = gate.policy
    assert before.adapted
    assert before.adapted.mode is Mode.OPEN
    gate.receive(sample(WINDOW, seed=11))
    assert gate.look().version == before.version
    gate.receive(sample(300, seed=12), labelled=True)
    watch = gate.watcher.watch(before)
    assert watch
    assert watch.shift
    assert not watch.shift.alarm
    assert watch.labels == 300
    assert watch.cause is None


def test_other_scores_raise_an_alarm_without_any_label(gate: Gate) -> None:
    lot = np.random.default_rng(5)
    gate.receive(Sample.of(lot.uniform(0.2, 0.8, 1_000), lot.random(1_000) < 0.5))
    policy = gate.look()
    assert policy.adapted
    assert policy.adapted.mode is Mode.SAFE
    assert "confidences" in policy.adapted.cause
    assert policy.panel_share == SAFE_PANEL
    assert causes(gate)[0] is Cause.ADAPTATION


def test_errors_above_the_limit_raise_an_alarm_though_the_scores_are_the_same(gate: Gate) -> None:
    gate.receive(sample(600, seed=13), labelled=True, flipped=0.3)
    policy = gate.look()
    assert policy.adapted
    assert policy.adapted.mode is Mode.SAFE
    assert "wrong_answers" in policy.adapted.cause


@pytest.mark.parametrize("days", [None, 1])
def test_a_schedule_makes_no_alarm_later(gate: Gate, days: int | None) -> None:
    """Each new certificate rests on all labels: few of the new ones among many old ones."""
    assert gate.days_until_safe(days) == 5
    with gate.house.store.reading() as tx:
        certificates = tx.policies.all_of("gate", cause=Cause.CERTIFICATE)
    assert len(certificates) == (3 if days is None else 8)


def test_each_label_is_held_against_what_was_in_force_when_it_came(gate: Gate) -> None:
    """A certificate that opens nothing does not make errors under the one before undone."""
    gate.receive(sample(100, seed=31), labelled=True, flipped=0.3)
    before = gate.watcher.watch(gate.policy)
    lot = np.random.default_rng(6)
    useless = Sample.of(lot.random(1_000), lot.random(1_000) < 0.5)
    gate.certify(gate.policy, useless, None, source=SOURCE, actor="test")
    assert gate.policy.certified[None].thresholds == CLOSED
    after = gate.watcher.watch(gate.policy)
    assert before
    assert after
    assert after.alarms == before.alarms
    assert after.labels == 100


def test_in_safe_mode_people_see_as_much_as_the_contract_allows(gate: Gate) -> None:
    gate.receive(sample(WINDOW, seed=14))
    gate.receive(sample(600, seed=15), labelled=True, flipped=0.3)
    earned = gate.policy.certified[None].thresholds
    rule = gate.look().rule_for(None)
    scores = sample(WINDOW, seed=16).scores
    confidence = [ask(gate.house, float(score))["zone"] for score in scores[:200]]
    review = confidence.count(Zone.HUMAN_REVIEW) / len(confidence)
    assert review == pytest.approx(CONTRACT.review.max, abs=0.12)
    assert rule.thresholds.high is not None
    assert earned.high is not None
    assert rule.thresholds.high >= earned.high


def test_after_an_alarm_only_new_labels_count_and_enough_of_them_open_again(gate: Gate) -> None:
    gate.receive(sample(600, seed=17), labelled=True, flipped=0.3)
    gate.look()
    gate.house.clock.forward(seconds=1)
    gate.receive(sample(LABELS_TO_CERTIFY_AGAIN - 1, seed=18), labelled=True)
    assert not gate.learner.look_at(gate.policy)
    with pytest.raises(TooFewLabels, match="it takes 1,200: 1 are missing"):
        gate.learner.demanded(gate.policy)
    gate.receive(sample(1, seed=19), labelled=True)
    assert gate.learner.look_at(gate.policy)
    policy = gate.policy
    assert policy.adapted
    assert policy.adapted.mode is Mode.OPEN
    assert policy.adapted.level is None
    assert policy.panel_share == 0.05
    with gate.house.store.reading() as tx:
        certificate = tx.certificates.get(policy.certified[None].certificate)
    assert certificate
    assert certificate.document["labels"] == LABELS_TO_CERTIFY_AGAIN


def test_what_cannot_be_kept_any_more_is_said_loudly(gate: Gate) -> None:
    gate.receive(sample(600, seed=20), labelled=True, flipped=0.3)
    gate.look()
    gate.house.clock.forward(seconds=1)
    gate.receive(sample(LABELS_TO_CERTIFY_AGAIN, seed=21), labelled=True, flipped=0.4)
    gate.learner.look_at(gate.policy)
    policy = gate.policy
    assert policy.adapted
    assert policy.adapted.mode is Mode.INFEASIBLE
    # Of the two promises that exclude each other, the one on errors is kept until somebody chooses.
    assert ask(gate.house, 0.9999)["zone"] == Zone.HUMAN_REVIEW


def test_the_least_review_that_was_agreed_is_kept(gate: Gate) -> None:
    """The scores tell the items apart so well that the certificate alone would review too few."""
    lot = np.random.default_rng(22)
    right = lot.random(4_000) < 0.5
    sure = Sample.of(np.where(right, 0.99, 0.01) + lot.uniform(-0.01, 0.01, 4_000), right)
    asked = replace(CONTRACT, review=ReviewBounds(min=0.1, max=0.4))
    gate.certify(gate.policy, sure, asked, source=SOURCE, actor="test")
    gate.house.clock.forward(seconds=1)
    gate.receive(sure.where(np.arange(WINDOW)))
    adapted = gate.look().adapted
    assert adapted
    assert adapted.mode is Mode.OPEN
    assert adapted.level is not None
    zones = [ask(gate.house, float(score))["zone"] for score in sure.scores[:300]]
    assert zones.count(Zone.HUMAN_REVIEW) / 300 >= 0.07


def test_two_watchers_do_not_both_write(gate: Gate) -> None:
    gate.receive(sample(600, seed=23), labelled=True, flipped=0.3)
    stale = gate.policy
    gate.look()
    with pytest.raises(ChangedMeanwhile):
        gate.watcher.look_at(stale)


def test_written_again_as_it_was_a_gate_stays_in_safe_mode(gate: Gate) -> None:
    gate.receive(sample(600, seed=24), labelled=True, flipped=0.3)
    safe = gate.look()
    gate.house.gates.adopt(
        [replace(safe, certified={}, adapted=None, version=0)], gate.house.clock.now()
    )
    assert gate.policy.adapted == safe.adapted


def test_a_gate_that_promises_nothing_is_not_watched(house: House) -> None:
    watcher = Watcher(
        store=house.store,
        gates=house.gates,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
    )
    assert watcher.look_at(house.gates.get("gate", ANN)) is None
    assert watcher.watch(house.gates.get("gate", ANN)) is None
