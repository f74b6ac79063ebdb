"""Replay: the policy in force reproduces what it did; a candidate is told as far as it is known."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.confidence.calibrators import Calibrator, Kind
from service.domain.access import Principal, Scope
from service.domain.category import UnknownCategory
from service.domain.certificate import Costs, RiskContract, Target
from service.domain.change import Cause, Change
from service.domain.decision import Item, Thresholds, Zone
from service.domain.errors import Forbidden, InvalidInput, UnknownGate
from service.domain.gate import CLOSED, Certified, GatePolicy, PanelRules
from service.domain.ids import CertificateId, DecisionId
from service.domain.outcome import Truth, Verdict
from service.domain.recorded import Period
from service.domain.review import Answer
from service.thresholds.replay import REVIEW, ZONES, Replayer
from service.usecases.certification.auto_certify import Learner
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.gates.policy_versions import newest, policy_from, succeed
from service.usecases.insight.replay import ReplayGate, ReplayOrder
from tests.usecases.acting import answer, ask, claim, ids
from tests.usecases.conftest import ANN, POLICY, House

WIDE = Thresholds(low=0.2, high=0.6)
COSTS = Costs(wrong_approval=10, wrong_rejection=4, review_minute=0.5, minutes_per_review=2)


def unknown(_: str) -> None:
    """No bundle is known by any name."""


def replaying(house: House) -> ReplayGate:
    certify = house.certifier()
    learner = Learner(store=house.store, gates=house.gates, certify=certify, version_of=unknown)
    return ReplayGate(store=house.store, gates=house.gates, learner=learner, calibrator_of=unknown)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("replay"))
    yield house
    house.close()


shares = st.floats(0, 1, width=32)
thresholds = st.one_of(
    st.just(CLOSED),
    st.tuples(shares, shares)
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Thresholds(low=pair[0], high=pair[1])),
    shares.map(lambda high: Thresholds(low=None, high=high)),
)
calibrators = st.sampled_from([Calibrator(), Calibrator(kind=Kind.PLATT, a=2.0, b=2.0, shift=-0.5)])
earned = st.builds(
    lambda found, calibrator, source: Certified(
        certificate=CertificateId("crt_1"),
        source=source,
        thresholds=found,
        calibrator=calibrator.to_json(),
    ),
    thresholds,
    calibrators,
    st.sampled_from(["signal:score", "signal:token_logprobs"]),
)
CONTRACT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.05)
policies = st.builds(
    lambda found, categories, contract, certified, share, holds, unknown, required: replace(
        POLICY,
        thresholds=CLOSED if contract else found,
        categories=categories,
        aliases={"b": ("e",)},
        unknown_category=unknown,
        category_required=required,
        contract=contract,
        certified=certified if contract else {},
        panel=PanelRules(share=share, holds=holds),
    ),
    thresholds,
    st.dictionaries(st.sampled_from(["a", "b"]), thresholds),
    st.sampled_from([None, CONTRACT]),
    st.dictionaries(st.sampled_from([None, "a", "c"]), earned),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
    st.sampled_from(UnknownCategory),
    st.booleans(),
)
signals = st.one_of(
    st.none(),
    shares.map(lambda score: {"score": score}),
    shares.map(lambda score: {"token_logprobs": [-score]}),
)
items = st.lists(
    st.tuples(signals, st.sampled_from([None, "a", " A", "b", "c", "d", "E"])),
    min_size=1,
    max_size=12,
)


def put(house: House, policy: GatePolicy) -> GatePolicy:
    with house.store.transaction() as tx:
        known = newest(tx, "gate")
        assert known
        change = Change(cause=Cause.ADAPTATION, actor="test")
        made = succeed(tx, policy, over=known.version, change=change, now=house.clock.now())
    house.gates.load()
    return made


def decide(house: House, found: dict[str, Any] | None, category: str | None) -> dict[str, Any]:
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals=found, category=category)
    return ids(asyncio.run(house.decide(order, ANN)))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(policies, items)
def test_the_policy_in_force_reproduces_the_recorded_zones(
    shared: House, policy: GatePolicy, asked: list[tuple[dict[str, Any] | None, str | None]]
) -> None:
    made = put(shared, policy)
    before = shared.clock.forward(seconds=1)
    zones = []
    for found, category in asked:
        zones.append(decide(shared, found, category)["zone"])
        shared.clock.forward(seconds=1)
    with shared.store.reading() as tx:
        replay = Replayer(
            versions={one.version: policy_from(one) for one in tx.policies.all_of("gate")},
            calibrator_of=unknown,
        )
        batches = list(tx.recorded.stream(Period(gate="gate", since=before, limit=1000)))
    [batch] = batches
    replayed = replay(made, batch)
    assert replayed.known.all()
    assert [ZONES[code] for code in replayed.zones[::-1]] == zones
    assert list(batch.zones[::-1]) == zones


def labelled(house: House, score: float, said: Answer) -> str:
    made = ask(house, score)
    view = claim(house)
    answer(house, view, said)
    assert view.decision.id == made["decision"]
    return str(made["decision"])


def test_what_nobody_judged_is_a_range(house: House) -> None:
    """Between the thresholds people judged; what was automatic, nobody did."""
    labelled(house, 0.7, Answer.APPROVE)
    labelled(house, 0.8, Answer.REJECT)
    ask(house, 0.95)
    labelled(house, 0.15, Answer.REJECT)
    house.clock.forward(days=2)
    ask(house, 0.5)
    found = replaying(house)(
        replace(house.gates.of("gate"), thresholds=WIDE), ANN, ReplayOrder(costs=COSTS)
    )
    assert (found.in_force.items, found.in_force.reviews, found.candidate.reviews) == (5, 4, 1)
    sides = found.candidate.approvals, found.candidate.rejections
    assert [(s.decided, s.judged, s.wrong, s.most_wrong) for s in sides] == [
        (3, 2, 1, 2),
        (1, 1, 0, 0),
    ]
    assert sides[0].panel.value is None, "no panel, no estimate"
    assert (sides[0].panel.low, sides[0].panel.high) == (0, 1)
    cost = found.candidate.cost
    assert cost
    assert cost.value is None
    assert cost.least == pytest.approx((1 * 10 + 1 * 1.0) / 5)
    assert cost.most == pytest.approx((2 * 10 + 1 * 1.0) / 5)
    assert found.days == 2
    assert found.moved == ((0, 0, 0), (1, 1, 2), (0, 0, 1))
    assert (found.agreement.count, found.agreement.of) == (2, 5)


def test_what_turned_out_later_counts_over_what_was_said(house: House) -> None:
    first = ask(house, 0.95)["decision"]
    second = labelled(house, 0.7, Answer.APPROVE)
    with house.store.transaction() as tx:
        for decision, verdicts in ((first, ["approve", "reject"]), (second, ["reject"])):
            for verdict in verdicts:
                truth = Truth(
                    verdict=Verdict(verdict),
                    note="",
                    reported_by="key:x",
                    reported_at=house.clock.now(),
                )
                tx.decisions.add_truth(DecisionId(decision), truth)
    found = replaying(house)(replace(house.gates.of("gate"), thresholds=WIDE), ANN, ReplayOrder())
    side = found.candidate.approvals
    assert (side.decided, side.judged, side.wrong, side.most_wrong) == (2, 2, 2, 2)


def test_the_panel_estimates_with_an_interval(house: House) -> None:
    house.adopt(POLICY, panel=PanelRules(share=1.0))
    for n in range(12):
        ask(house, 0.95)
        answer(house, claim(house), Answer.REJECT if n == 0 else Answer.APPROVE)
    found = replaying(house)(house.gates.of("gate"), ANN, ReplayOrder(costs=COSTS))
    side = found.candidate.approvals
    assert (side.panel.count, side.panel.of) == (1, 12)
    assert side.panel.low == pytest.approx(0.00211, abs=1e-5)  # Clopper-Pearson, 1 of 12
    assert side.panel.high == pytest.approx(0.38480, abs=1e-5)
    assert found.candidate.audits == 1.0
    cost = found.candidate.cost
    assert cost
    assert cost.value == pytest.approx(10 / 12 + 1.0)
    assert cost.value is not None
    assert cost.low is not None
    assert cost.high is not None
    assert cost.low < cost.value < cost.high


def test_new_promises_are_certified_on_todays_labels(house: House) -> None:
    asked = replace(
        house.gates.of("gate"),
        thresholds=CLOSED,
        contract=RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.05, costs=COSTS),
    )
    ask(house, 0.95)
    found = replaying(house)(asked, ANN, ReplayOrder())
    assert [one.opens for one in found.certificates] == [False]
    assert found.candidate.reviews == 1
    assert found.candidate.cost, "a contract brings its costs"


def test_the_period_and_its_limit(house: House) -> None:
    for _ in range(4):
        ask(house, 0.5)
        house.clock.forward(hours=1)
    start = house.clock.now()
    replay, policy = replaying(house), house.gates.of("gate")

    def items(**order: Any) -> int:
        return replay(policy, ANN, ReplayOrder(**order)).in_force.items

    assert items() == 4
    assert items(since=start - timedelta(hours=2)) == 2
    assert items(until=start - timedelta(hours=2)) == 2
    assert items(limit=3) == 3
    newest = replay(policy, ANN, ReplayOrder(limit=1))
    assert newest.since == newest.until == start - timedelta(hours=1)
    empty = replay(policy, ANN, ReplayOrder(since=start))
    assert (empty.in_force.items, empty.since, empty.in_force.cost) == (0, None, None)


def test_another_model_cannot_be_replayed(house: House) -> None:
    other = replace(house.gates.of("gate"), scorer="other")
    with pytest.raises(InvalidInput, match="other scorer"):
        replaying(house)(other, ANN, ReplayOrder())


def test_who_may(house: House) -> None:
    policy = house.gates.of("gate")
    with pytest.raises(Forbidden):
        replaying(house)(
            policy, Principal(name="x", scopes=frozenset({Scope.DECIDE})), ReplayOrder()
        )
    with pytest.raises(UnknownGate):
        replaying(house)(policy, replace(ANN, gates=frozenset()), ReplayOrder())


def test_scores_whose_calibrator_is_gone_are_left_out_and_counted(house: House) -> None:
    """A model's own calibrator went with the model; what the gate had learned is not it."""
    learned = Calibrator(kind=Kind.PLATT, a=2.0, b=2.0, shift=0.0).to_json()
    then = replace(
        POLICY,
        version=1,
        contract=CONTRACT,
        certified={
            None: Certified(
                certificate=CertificateId("crt"),
                source="old@1",
                thresholds=WIDE,
                calibrator=learned,
            )
        },
    )
    ask(house, 0.95)
    with house.store.reading() as tx:
        [batch] = tx.recorded.stream(Period(gate="gate", limit=10))
    old = replace(batch, sources=["old@1"])
    fixed = replace(POLICY, version=2)
    gone = Replayer(versions={1: then}, calibrator_of=unknown)(fixed, old)
    assert not gone.known.any()
    there = Replayer(
        versions={1: then}, calibrator_of={"old@1": lambda raw, _: np.zeros_like(raw)}.get
    )
    assert [ZONES[code] for code in there(fixed, old).zones] == [Zone.AUTO_REJECT]
    assert Replayer(versions={1: then}, calibrator_of=unknown)(then, old).zones[0] != REVIEW
