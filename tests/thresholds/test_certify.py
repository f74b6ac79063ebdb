"""Nothing certifies by accident: what opens is proven, what is not proven is closed."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.confidence.calibrators import Calibrator
from service.domain.certificate import Certificate, Finding, RiskContract, Target
from service.domain.decision import Zone
from service.domain.errors import InvalidInput
from service.thresholds import binomial
from service.thresholds.certify import certify
from service.thresholds.sample import Sample

type Floats = NDArray[np.float64]

PER_SIDE = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.05, wrong_rejections=0.1)
APPROVALS = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.05)
REJECTIONS = RiskContract(target=Target.PER_SIDE, wrong_rejections=0.05)
AUTO_ERROR = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.05)
SYSTEM_ERROR = RiskContract(target=Target.SYSTEM_ERROR, wrong_answers=0.05)
CONTRACTS = [PER_SIDE, APPROVALS, REJECTIONS, AUTO_ERROR, SYSTEM_ERROR]
AS_IT_IS = Calibrator()
APPROVE, REJECT = Zone.AUTO_APPROVE, Zone.AUTO_REJECT

contracts = st.sampled_from(CONTRACTS)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Few or many items, on a coarse or a fine scale, more or less well told apart."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    items, scale = draw(st.integers(0, 700)), draw(st.sampled_from([1, 2, 5, 50, 10**9]))
    labels = (chance.random(items) < draw(st.floats(0, 1))).astype(float)
    noise = draw(st.floats(0, 1))
    scores = np.where(chance.random(items) < noise, chance.random(items), labels)
    return Sample.of(np.round(scores * scale) / scale, labels)


def part_tested(sample: Sample, certificate: Certificate) -> tuple[Floats, NDArray[np.bool_]]:
    _, testing = sample.split(certificate.seed)
    return Calibrator.from_json(certificate.calibrator).many(testing.scores), testing.labels


@given(samples(), contracts)
def test_the_thresholds_decide_exactly_what_was_counted(
    sample: Sample, contract: RiskContract
) -> None:
    found = certify(sample, contract)
    confidence, labels = part_tested(sample, found)
    zones = [found.thresholds.zone(float(c))[0] for c in confidence]
    approved = [right for zone, right in zip(zones, labels, strict=True) if zone == APPROVE]
    rejected = [right for zone, right in zip(zones, labels, strict=True) if zone == REJECT]
    assert (found.approvals.decided, found.approvals.wrong) == (
        len(approved),
        approved.count(np.False_),
    )
    assert (found.rejections.decided, found.rejections.wrong) == (
        len(rejected),
        rejected.count(np.True_),
    )
    proven = [proof for proof in found.proofs if proof.finding is Finding.PROVEN]
    assert sum(proof.wrong for proof in proven) == found.approvals.wrong + found.rejections.wrong
    if contract.target is not Target.SYSTEM_ERROR:
        decided = found.approvals.decided + found.rejections.decided
        assert sum(proof.trials for proof in proven) == decided


@given(samples(), contracts)
def test_what_opens_is_proven(sample: Sample, contract: RiskContract) -> None:
    found = certify(sample, contract)
    for proof in found.proofs:
        proven = proof.finding is Finding.PROVEN
        assert proof.p_value == pytest.approx(
            binomial.cdf(proof.wrong, proof.trials, proof.alpha) if proof.trials else 1.0
        )
        assert proven == (proof.p_value <= proof.delta)
        assert not proven or proof.trials >= proof.fewest
        assert not proven or proof.bound <= proof.alpha + 1e-12
    if found.opens:
        assert not sample.one_sided
        assert any(proof.finding is Finding.PROVEN for proof in found.proofs)
    if contract.wrong_rejections is None and contract.target is Target.PER_SIDE:
        assert found.thresholds.low is None
    if contract.wrong_approvals is None and contract.target is Target.PER_SIDE:
        assert found.thresholds.high is None


@given(samples(), contracts, st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_order_of_the_labels_says_nothing(
    sample: Sample, contract: RiskContract, seed: int, chance: object
) -> None:
    again = sample.where(np.random.default_rng(seed).permutation(len(sample)))
    assert certify(sample, contract, seed=seed) == certify(again, contract, seed=seed)


def test_another_seed_is_another_lot() -> None:
    sample = items(lambda c: c, 3_000)
    first, second = (certify(sample, AUTO_ERROR, seed=seed) for seed in (0, 1))
    assert first.opens
    assert second.opens
    assert first.thresholds != second.thresholds
    assert first.sample_sha256 == second.sample_sha256


@pytest.mark.parametrize("contract", CONTRACTS)
def test_ten_labels_prove_nothing(contract: RiskContract) -> None:
    found = certify(Sample.of([0.01, 0.99] * 5, [0, 1] * 5), contract)
    assert not found.opens
    assert {proof.finding for proof in found.proofs} == {Finding.TOO_FEW_LABELS}
    assert all(proof.fewest > 10 for proof in found.proofs)
    assert not certify(Sample.of([], []), contract).opens


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("label", [0, 1])
def test_labels_of_one_class_prove_nothing(contract: RiskContract, label: int) -> None:
    scores = np.random.default_rng(3).random(5_000)
    found = certify(Sample.of(scores, np.full(5_000, label)), contract)
    assert not found.opens
    assert {proof.finding for proof in found.proofs} == {Finding.ONE_LABEL_ONLY}


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        ([0.5, np.nan], [0, 1]),
        ([0.5, 1.5], [0, 1]),
        ([0.5, 0.5], [0, 2]),
        ([0.5, 0.5], [0, np.nan]),
        ([0.5], [0, 1]),
        ([[0.5]], [[1]]),
    ],
)
def test_what_is_no_sample_is_refused(scores: list[float], labels: list[float]) -> None:
    with pytest.raises(InvalidInput):
        Sample.of(scores, labels)


@given(st.floats(0, 1), st.floats(0, 1), contracts)
def test_one_score_for_all_tells_nothing_apart(
    score: float, right: float, contract: RiskContract
) -> None:
    labels = np.random.default_rng(1).random(600) < right
    assume(0.12 < labels.mean() < 0.88)
    found = certify(Sample.of(np.full(600, score), labels), contract, calibrator=AS_IT_IS)
    assert not found.opens


def test_one_score_for_all_leaves_the_calibrator_nothing_to_sort() -> None:
    labels = np.random.default_rng(1).random(600) < 0.8
    for contract in CONTRACTS:
        assert not certify(Sample.of(np.full(600, 0.9), labels), contract).opens


def test_both_sides_may_reach_to_where_they_meet() -> None:
    """A model that is nearly always right: the sides meet, and do not cross."""
    chance = np.random.default_rng(8)
    labels = chance.random(20_000) < 0.5
    scores = np.clip(np.where(labels, 0.9, 0.1) + chance.normal(0, 0.12, 20_000), 0, 1)
    found = certify(Sample.of(scores, labels), PER_SIDE)
    assert found.coverage > 0.999
    assert found.thresholds.low is not None
    assert found.thresholds.high is not None
    assert found.thresholds.low < 0.5 <= found.thresholds.high


def test_a_gate_that_only_approves_may_approve_everything() -> None:
    chance = np.random.default_rng(8)
    labels = chance.random(5_000) < 0.99
    found = certify(Sample.of(chance.uniform(0.1, 1, 5_000), labels), APPROVALS)
    assert found.coverage == 1
    assert found.thresholds.low is None


# --- the guarantee itself, on truths that are known ---

DRAWS = 100


def items(right: Callable[[Floats], Floats], count: int, seed: int = 0, scale: int = 0) -> Sample:
    """Scores uniform on [0, 1] (or on a coarse scale), each right with its probability."""
    chance = np.random.default_rng([seed, count])
    scores = chance.random(count)
    scores = np.round(scores * scale) / scale if scale else scores
    return Sample.of(scores, chance.random(count) < right(scores))


def true_risks(found: Certificate, right: Callable[[Floats], Floats], scale: int) -> Floats:
    """The risk of every promise, by integration over the scores."""
    scores = np.linspace(0, 1, scale + 1) if scale else (np.arange(20_000) + 0.5) / 20_000
    mass = np.ones(scores.size)
    if scale:
        mass[[0, -1]] = 0.5  # rounding gives the ends half a step
    c = Calibrator.from_json(found.calibrator).many(scores)
    low, high = found.thresholds.low, found.thresholds.high
    approved = c > (np.inf if high is None else high)
    rejected = c <= (-np.inf if low is None else low)
    wrong_approvals = (mass * approved * (1 - right(scores))).sum()
    wrong_rejections = (mass * rejected * right(scores)).sum()
    if found.contract.target is Target.PER_SIDE:
        return np.array(
            [
                wrong_approvals / max(1e-9, (mass * approved).sum()),
                wrong_rejections / max(1e-9, (mass * rejected).sum()),
            ]
        )
    auto = found.contract.target is Target.AUTO_ERROR
    of = max(1e-9, (mass * (approved | rejected)).sum()) if auto else mass.sum()
    return np.array([(wrong_approvals + wrong_rejections) / of])


def calibrated(c: Floats) -> Floats:
    return c


def never_better_than_the_limit(c: Floats) -> Floats:
    """Approving is wrong a little more often than any contract here allows, whatever the score."""
    return np.full_like(c, 0.9499)


def worst_where_surest(c: Floats) -> Floats:
    """The surest scores lie: risk falls before it rises."""
    return np.where((c > 0.97) | (c < 0.03), 0.5, np.clip(1.6 * c - 0.3, 0.002, 0.998))


@pytest.mark.parametrize("scale", [0, 20])
@pytest.mark.parametrize("truth", [calibrated, never_better_than_the_limit, worst_where_surest])
@pytest.mark.parametrize("contract", [PER_SIDE, APPROVALS, AUTO_ERROR, SYSTEM_ERROR])
def test_bounds_break_no_more_often_than_promised(
    contract: RiskContract, truth: Callable[[Floats], Floats], scale: int
) -> None:
    broken = 0
    for seed in range(DRAWS):
        found = certify(items(truth, 900, seed, scale), contract, calibrator=AS_IT_IS)
        limits = np.array(list(contract.promises.values()))
        risks = true_risks(found, truth, scale)
        if contract is APPROVALS:
            risks = risks[:1]
        broken += bool((risks > limits).any())
    delta = contract.delta
    assert broken / DRAWS <= delta + 2 * np.sqrt(delta * (1 - delta) / DRAWS)
