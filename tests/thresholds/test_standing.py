"""What a gate does in every mode, and that it never chooses silently between its promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.certificates import contract_for
from experiments.streams import ALPHA, run
from experiments.synthetic import draw
from service.domain.adaptation import Adapted, Mode
from service.domain.certificate import Certificate, Promise, ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.gate import CLOSED, Certified, GatePolicy, PanelRules
from service.domain.ids import CertificateId, GateName
from service.thresholds.certify import certify
from service.thresholds.controller import WINDOW
from service.thresholds.ecusum import BETS, LIMIT, ErrorAlarm
from service.thresholds.safety.disproof import at_most_review, disproven
from service.thresholds.safety.labels import (
    FEWEST_LABELS,
    GROWTH,
    GROWTH_ON_DEMAND,
    LABELS_TO_CERTIFY_AGAIN,
    counts,
    labels_to_certify,
)
from service.thresholds.safety.look import Recent, Seen, Watch
from service.thresholds.safety.transitions import (
    SAFE_PANEL,
    WORTH_A_VERSION,
    alarmed,
    certified,
    followed,
    plan,
)
from service.thresholds.sample import Sample

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
BOUNDS = ReviewBounds(min=0.02, max=0.3)
CONTRACT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.01, review=BOUNDS)
HARD = RiskContract(
    target=Target.AUTO_ERROR, wrong_answers=0.005, review=ReviewBounds(min=0, max=0.01)
)


def a_sample(items: int = 3_000, seed: int = 1, **world: Any) -> Sample:
    drawn = draw(items, np.random.default_rng(seed), **world)
    return Sample.of(drawn.scores, drawn.labels)


GOOD_SAMPLE = a_sample()
GOOD = certify(GOOD_SAMPLE, CONTRACT)
FEW_SAMPLE = a_sample(100)
FEW = certify(FEW_SAMPLE, CONTRACT)
HOPELESS_SAMPLE = a_sample(3_000, evading=0.5)
HOPELESS = certify(HOPELESS_SAMPLE, HARD)
RECENT = draw(WINDOW, np.random.default_rng(9)).scores


def standing(mode: Mode, **known: Any) -> Adapted:
    return Adapted(mode=mode, cause="new", since=NOW, **known)


def newest(certificate: Certificate = GOOD, confidence: Any = RECENT) -> Recent:
    return Recent(
        contract=certificate.contract,
        certified=certificate.thresholds,
        confidence=np.asarray(confidence),
    )


def seen(recent: Recent, share: float, *, alarm: bool = False) -> Seen:
    """A look after which the controller would decide this share by itself."""
    statistics = (LIMIT if alarm else 0.0,) * len(BETS)
    alarms = {Promise.WRONG_ANSWERS: ErrorAlarm(alpha=ALPHA, statistics=statistics)}
    return Seen(watch=Watch(shift=None, alarms=alarms, labels=0, share=share), recent=recent)


def gate(adapted: Adapted, certificate: Certificate = GOOD) -> GatePolicy:
    """The gate that stands so on the certificate."""
    earned = Certified(
        certificate=CertificateId("one"),
        source="signal:score",
        thresholds=certificate.thresholds,
        calibrator=certificate.calibrator,
    )
    return GatePolicy(
        gate=GateName("gate"),
        version=1,
        scorer="signals",
        labels=("good", "bad"),
        approve_labels=("good",),
        contract=certificate.contract,
        certified={None: earned},
        adapted=adapted,
        panel=PanelRules(share=0.03),
    )


def thresholds_of(policy: GatePolicy) -> Thresholds:
    return policy.rule_for(None).thresholds


def test_the_samples_are_what_they_are_for() -> None:
    assert GOOD.opens
    assert GOOD.within_review_bounds
    assert not FEW.opens
    assert not disproven(FEW, FEW_SAMPLE)
    assert disproven(HOPELESS, HOPELESS_SAMPLE)
    assert not disproven(GOOD, GOOD_SAMPLE)


@pytest.mark.parametrize(
    ("mode", "made", "expected"),
    [
        (Mode.LEARNING, (GOOD, GOOD_SAMPLE), Mode.OPEN),
        (Mode.LEARNING, (FEW, FEW_SAMPLE), Mode.LEARNING),
        (Mode.LEARNING, (HOPELESS, HOPELESS_SAMPLE), Mode.INFEASIBLE),
        (Mode.OPEN, (GOOD, GOOD_SAMPLE), Mode.OPEN),
        (Mode.OPEN, (FEW, FEW_SAMPLE), Mode.LEARNING),
        (Mode.OPEN, (HOPELESS, HOPELESS_SAMPLE), Mode.INFEASIBLE),
        (Mode.SAFE, (GOOD, GOOD_SAMPLE), Mode.OPEN),
        (Mode.SAFE, (FEW, FEW_SAMPLE), Mode.INFEASIBLE),
        (Mode.INFEASIBLE, (GOOD, GOOD_SAMPLE), Mode.OPEN),
        (Mode.INFEASIBLE, (FEW, FEW_SAMPLE), Mode.INFEASIBLE),
    ],
)
def test_every_move(mode: Mode, made: tuple[Certificate, Sample], expected: Mode) -> None:
    known = standing(mode, level=0.99, panel_share=SAFE_PANEL, labels_since=NOW)
    after = certified(known, *made, LATER)
    assert after.mode is expected
    # What watching had made stricter begins anew; the labels that count stay the same.
    assert (after.level, after.panel_share) == (None, 0)
    assert (after.since, after.labels_since) == (LATER, NOW)


def test_a_gate_that_stood_nowhere_has_been_learning() -> None:
    for made in ((GOOD, GOOD_SAMPLE), (FEW, FEW_SAMPLE), (HOPELESS, HOPELESS_SAMPLE)):
        assert certified(None, *made, NOW) == certified(standing(Mode.LEARNING), *made, NOW)
    assert plan(None, seen(newest(), 0.9), NOW) is None
    safe = plan(None, seen(newest(), 0.9, alarm=True), NOW)
    assert safe
    assert safe.mode is Mode.SAFE


def test_an_alarm_holds_until_there_are_labels_from_after_it() -> None:
    recent = newest()
    for mode in (Mode.LEARNING, Mode.OPEN):
        safe = alarmed(standing(mode), "shift", recent, NOW)
        assert safe == Adapted(
            mode=Mode.SAFE,
            cause="shift",
            since=NOW,
            level=recent.level(1 - BOUNDS.max),
            panel_share=SAFE_PANEL,
            labels_since=NOW,
        )
    assert not counts(safe, NOW)
    assert counts(safe, LATER)
    assert alarmed(safe, "again", recent, LATER) == safe
    assert labels_to_certify(safe, 9_000, GROWTH) == LABELS_TO_CERTIFY_AGAIN
    assert labels_to_certify(safe, 9_000, GROWTH_ON_DEMAND) == LABELS_TO_CERTIFY_AGAIN
    opened = certified(safe, GOOD, GOOD_SAMPLE, LATER)
    assert opened.mode is Mode.OPEN
    assert not counts(opened, NOW)
    infeasible = standing(Mode.INFEASIBLE)
    assert alarmed(infeasible, "shift", recent, LATER) == infeasible


def test_without_an_alarm_labels_must_grow() -> None:
    assert counts(None, NOW)
    for known in (None, *map(standing, (Mode.LEARNING, Mode.OPEN, Mode.INFEASIBLE))):
        assert counts(known, NOW)
        assert labels_to_certify(known, 0, GROWTH) == FEWEST_LABELS
        assert labels_to_certify(known, 1_201, GROWTH) == 1_502
        assert labels_to_certify(known, 100, GROWTH_ON_DEMAND) == 110


def decided(thresholds: Thresholds, confidence: Any) -> float:
    c = np.asarray(confidence)
    low = -1 if thresholds.low is None else thresholds.low
    high = 2 if thresholds.high is None else thresholds.high
    return float(((c > high) | (c <= low)).mean())


def test_what_every_mode_runs() -> None:
    def now(known: Adapted, *, alarm: bool = False) -> GatePolicy:
        found = plan(known, seen(newest(), 0.9, alarm=alarm), NOW)
        return gate(found or known)

    learning = now(standing(Mode.LEARNING))
    assert thresholds_of(learning) == GOOD.thresholds
    assert learning.panel_share == 0.03
    running = now(standing(Mode.OPEN))
    assert running.adapted != standing(Mode.OPEN)
    assert running.panel_share == 0.03
    assert decided(thresholds_of(running), RECENT) <= 0.9
    safe = now(standing(Mode.OPEN), alarm=True)
    assert safe.mode is Mode.SAFE
    assert safe.panel_share == SAFE_PANEL
    assert decided(thresholds_of(safe), RECENT) <= 0.7
    assert GOOD.thresholds.low is not None
    assert GOOD.thresholds.high is not None
    for careful in map(thresholds_of, (running, safe)):
        assert careful.low is not None
        assert careful.high is not None
        assert careful.low <= GOOD.thresholds.low
        assert careful.high >= GOOD.thresholds.high


def test_only_an_open_gate_follows_and_only_what_is_worth_a_version() -> None:
    recent, known = newest(), standing(Mode.OPEN)
    after = followed(known, 0.8, recent)
    assert after == replace(known, level=recent.level(0.8), cause=after.cause)
    assert recent.automatic(after.level) == pytest.approx(0.8, abs=0.001)
    assert followed(after, 0.8 + 0.9 * WORTH_A_VERSION, recent) == after
    assert followed(after, 0.8 + 1.1 * WORTH_A_VERSION, recent) != after
    assert followed(after, 1.0, recent).level is None  # the certificate asks as much by itself
    assert followed(known, 0.8, newest(confidence=RECENT[1:])) == known
    for mode in (Mode.LEARNING, Mode.SAFE, Mode.INFEASIBLE):
        assert followed(standing(mode), 0.8, recent) == standing(mode)


def test_nothing_is_decided_while_nothing_is_known_of_the_items() -> None:
    safe = alarmed(standing(Mode.OPEN), "labels", newest(confidence=[]), NOW)
    assert safe.level == 1.0
    assert decided(thresholds_of(gate(safe)), RECENT) == 0


def test_infeasible_has_no_thresholds_of_its_own() -> None:
    """The certificate's stay in force: of the two promises the one on errors is kept. Those that
    would keep the other are never run."""
    known = certified(standing(Mode.INFEASIBLE, level=0.9), FEW, FEW_SAMPLE, NOW)
    assert known.mode is Mode.INFEASIBLE
    assert known.level is None
    assert plan(known, seen(newest(FEW), 0.9), LATER) is None
    assert plan(known, seen(newest(FEW), 0.9, alarm=True), LATER) is None
    assert thresholds_of(gate(known, FEW)) == FEW.thresholds == Thresholds(low=None, high=None)
    assert gate(known, FEW).panel_share == 0.03
    assert decided(at_most_review(CONTRACT, RECENT), RECENT) == pytest.approx(0.7, abs=0.001)


@pytest.mark.parametrize("side", ["wrong_approvals", "wrong_rejections"])
def test_a_side_without_a_limit_stays_closed(side: str) -> None:
    limit: dict[str, Any] = {side: 0.01}
    contract = RiskContract(target=Target.PER_SIDE, review=BOUNDS, **limit)
    thresholds = at_most_review(contract, RECENT)
    assert (thresholds.high is None) == (side == "wrong_rejections")
    assert (thresholds.low is None) == (side == "wrong_approvals")
    assert decided(thresholds, RECENT) == pytest.approx(0.7, abs=0.001)


@given(
    st.sampled_from(list(Mode)),
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.floats(1 - BOUNDS.max, 1 - BOUNDS.min),
    st.booleans(),
)
def test_a_gate_without_a_certificate_decides_nothing(
    mode: Mode, recent: list[float], share: float, alarm: bool
) -> None:
    found = seen(newest(FEW, np.resize(recent, WINDOW)), share, alarm=alarm)
    known = plan(standing(mode), found, NOW) or standing(mode)
    assert thresholds_of(gate(known, FEW)) == CLOSED
    assert thresholds_of(gate(replace(known, level=found.recent.level(share)), FEW)) == CLOSED


def test_disproof_needs_evidence() -> None:
    contract = contract_for(Target.SYSTEM_ERROR, 0.01)
    empty = Sample.of([], [])
    assert not disproven(certify(empty, contract), empty)


def test_after_a_label_shift_the_error_comes_back_under_its_limit() -> None:
    """`python -m experiments.streams` runs thirty seeds, and the other changes."""
    runs = [found for seed in range(10) for found in run(seed, "10 -> 30 % approvable")]
    errors = {
        name: np.array([found.error for found in runs if found.policy == name])
        for name in ("fixed .85/.30", "reward rule", "static certificate", "ours")
    }
    assert (errors["ours"] < ALPHA).mean() >= 0.9
    assert errors["ours"].mean() < ALPHA
    assert min(errors[name].mean() for name in errors if name != "ours") > 1.5 * ALPHA
    assert errors["reward rule"].mean() > errors["fixed .85/.30"].mean()
    loads = [found.load_before for found in runs if found.policy == "ours"]
    assert np.mean(loads) < 0.12
