"""What a gate does in every mode, and that it never chooses silently between its promises."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.certificates import contract_for
from experiments.streams import ALPHA, run
from experiments.synthetic import draw
from service.domain.certificate import Certificate, ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.errors import IllegalMove
from service.thresholds.certify import certify
from service.thresholds.controller import Controller
from service.thresholds.sample import Sample
from service.thresholds.standing import (
    LABELS_TO_CERTIFY_AGAIN,
    SAFE_PANEL,
    Automatic,
    Infeasible,
    Mode,
    Standing,
    alarmed,
    certified,
    disproven,
    labelled,
    plan,
)

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
READY = Standing(mode=Mode.SAFE, cause="shift", labels=LABELS_TO_CERTIFY_AGAIN)


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
    before = Standing(mode=mode, labels=LABELS_TO_CERTIFY_AGAIN)
    assert certified(before, *made).mode is expected


def test_an_alarm_holds_until_there_are_labels_from_after_it() -> None:
    safe = alarmed(Standing(mode=Mode.OPEN, labels=9_000), "shift")
    assert safe == Standing(mode=Mode.SAFE, cause="shift", labels=0)
    assert alarmed(labelled(safe, 5), "again") == labelled(safe, 5)
    with pytest.raises(IllegalMove, match="1199"):
        certified(labelled(safe, LABELS_TO_CERTIFY_AGAIN - 1), GOOD, GOOD_SAMPLE)
    assert certified(labelled(safe, LABELS_TO_CERTIFY_AGAIN), GOOD, GOOD_SAMPLE).mode is Mode.OPEN
    infeasible = Standing(mode=Mode.INFEASIBLE)
    assert alarmed(infeasible, "shift") == infeasible


def decided(thresholds: Thresholds, confidence: Any) -> float:
    c = np.asarray(confidence)
    low = -1 if thresholds.low is None else thresholds.low
    high = 2 if thresholds.high is None else thresholds.high
    return float(((c > high) | (c <= low)).mean())


RECENT = draw(2_000, np.random.default_rng(9)).scores
CONTROLLER = Controller.starting_at(0.9, BOUNDS)


def test_what_every_mode_runs() -> None:
    def now(mode: Mode, certificate: Certificate = GOOD) -> Automatic | Infeasible:
        return plan(Standing(mode=mode), certificate, CONTROLLER, RECENT, panel_share=0.03)

    assert now(Mode.LEARNING) == Automatic(thresholds=GOOD.thresholds, panel_share=0.03)
    running = now(Mode.OPEN)
    assert isinstance(running, Automatic)
    assert decided(running.thresholds, RECENT) <= 0.9
    safe = now(Mode.SAFE)
    assert isinstance(safe, Automatic)
    assert safe.panel_share == SAFE_PANEL
    assert decided(safe.thresholds, RECENT) <= 0.7
    for careful in (running, safe):
        assert careful.thresholds.low is not None
        assert careful.thresholds.high is not None
        assert GOOD.thresholds.low is not None
        assert GOOD.thresholds.high is not None
        assert careful.thresholds.low <= GOOD.thresholds.low
        assert careful.thresholds.high >= GOOD.thresholds.high


def test_infeasible_has_no_thresholds_of_its_own() -> None:
    found = plan(Standing(mode=Mode.INFEASIBLE), FEW, CONTROLLER, RECENT, panel_share=0.03)
    assert isinstance(found, Infeasible)
    assert not hasattr(found, "thresholds")
    assert found.keeping_error == Thresholds(low=None, high=None)
    assert decided(found.keeping_review, RECENT) == pytest.approx(0.7, abs=0.001)


@pytest.mark.parametrize("side", ["wrong_approvals", "wrong_rejections"])
def test_a_side_without_a_limit_stays_closed(side: str) -> None:
    limit: dict[str, Any] = {side: 0.01}
    contract = RiskContract(target=Target.PER_SIDE, review=BOUNDS, **limit)
    certificate = certify(FEW_SAMPLE, contract)
    infeasible = Standing(mode=Mode.INFEASIBLE)
    found = plan(infeasible, certificate, CONTROLLER, RECENT, panel_share=0)
    assert isinstance(found, Infeasible)
    thresholds = found.keeping_review
    assert (thresholds.high is None) == (side == "wrong_rejections")
    assert (thresholds.low is None) == (side == "wrong_approvals")
    assert decided(thresholds, RECENT) == pytest.approx(0.7, abs=0.001)


@given(
    st.sampled_from(list(Mode)),
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.floats(0, 1),
)
def test_a_gate_without_a_certificate_decides_nothing(
    mode: Mode, recent: list[float], share: float
) -> None:
    controller = Controller.starting_at(share, BOUNDS)
    found = plan(Standing(mode=mode), FEW, controller, recent, panel_share=0.03)
    if isinstance(found, Automatic):
        assert found.thresholds == Thresholds(low=None, high=None)


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
