"""The same inputs to MAPIE, where its methods and ours are the same, give the same thresholds."""

from typing import Any

import numpy as np
import pytest
from mapie.risk_control.fwer_control import control_fwer
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from mapie.risk_control.risks import BinaryRisk
from numpy.typing import NDArray

from experiments.synthetic import draw
from service.confidence.calibrators import Calibrator
from service.domain.certificate import Promise, RiskContract, Target
from service.thresholds.certify import certify
from service.thresholds.rules import count
from service.thresholds.sample import Sample
from service.thresholds.trial import Trial, rules_for

ALPHA, DELTA = 0.02, 0.1
CONTRACTS = {
    Promise.WRONG_APPROVALS: RiskContract(target=Target.PER_SIDE, wrong_approvals=ALPHA),
    Promise.WRONG_REJECTIONS: RiskContract(target=Target.PER_SIDE, wrong_rejections=ALPHA),
    Promise.WRONG_ANSWERS: RiskContract(target=Target.AUTO_ERROR, wrong_answers=ALPHA),
}
SYSTEM = RiskContract(target=Target.SYSTEM_ERROR, wrong_answers=ALPHA)


def decided(y_pred: NDArray[Any]) -> NDArray[np.bool_]:
    return ~np.isnan(y_pred)


def wrong(y_true: NDArray[Any], y_pred: NDArray[Any]) -> NDArray[np.bool_]:
    other: NDArray[np.bool_] = y_pred != y_true
    return decided(y_pred) & other


OF_DECIDED = BinaryRisk(wrong, lambda y_true, y_pred: decided(y_pred), higher_is_better=False)
OF_ALL = BinaryRisk(
    wrong, lambda y_true, y_pred: np.full(len(y_true), True), higher_is_better=False
)


def gate(c: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """The gate as MAPIE sees a classifier: 1 approves, 0 rejects, NaN abstains."""
    return np.where(c > high, 1.0, np.where(c <= low, 0.0, np.nan))


def mapies_choice(
    trial: Trial, order: NDArray[np.int64], c: NDArray[np.float64], labels: NDArray[np.bool_]
) -> int | None:
    """The place of the last rule in the order that MAPIE holds valid."""
    whole = trial.contract.target is Target.SYSTEM_ERROR
    risk = OF_ALL if whole else OF_DECIDED
    answers = [gate(c, trial.rules.low[place], trial.rules.high[place]) for place in order]
    found = [risk.get_value_and_effective_sample_size(labels, answer) for answer in answers]
    values, sizes = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    # MAPIE rebuilds k as ceil(n (k / n)): a hair less keeps rounding from making it k + 1.
    values *= 1 - 1e-12
    p_values = compute_hoeffding_bentkus_p_value(values, sizes, ALPHA, binary=True)
    valid = control_fwer(p_values.ravel(), DELTA, "split_fixed_sequence")
    return int(order[valid[-1]]) if valid.size else None


def a_trial(seed: int, promise: Promise, contract: RiskContract) -> tuple[Sample, Trial, Any, Any]:
    drawn = draw(3_000, np.random.default_rng(seed))
    scores = drawn.scores if promise is not Promise.WRONG_APPROVALS else 1 - drawn.scores
    labels = drawn.labels if promise is not Promise.WRONG_APPROVALS else 1 - drawn.labels
    sample = Sample.of(scores, labels)
    fitting, testing = sample.split(0)
    rules = rules_for(promise, contract, fitting.scores)
    trial = Trial(
        promise=promise,
        contract=contract,
        rules=rules,
        seen=count(rules, fitting.scores, fitting.labels),
        tested=count(rules, testing.scores, testing.labels),
    )
    return sample, trial, testing.scores, testing.labels


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("promise", list(Promise))
def test_fixed_sequence_is_mapies(promise: Promise, seed: int) -> None:
    contract = CONTRACTS[promise]
    sample, trial, c, labels = a_trial(seed, promise, contract)
    place = mapies_choice(trial, trial.sequence(), c, labels)
    ours = certify(sample, contract, calibrator=Calibrator()).thresholds
    assert place is not None
    assert ours == trial.rules.thresholds(place)


@pytest.mark.parametrize("seed", range(3))
def test_the_system_error_is_mapies(seed: int) -> None:
    sample, trial, c, labels = a_trial(seed, Promise.WRONG_ANSWERS, SYSTEM)
    place = mapies_choice(trial, np.arange(len(trial.rules)), c, labels)
    ours = certify(sample, SYSTEM, calibrator=Calibrator()).thresholds
    assert place is not None
    assert ours == trial.rules.thresholds(place)
