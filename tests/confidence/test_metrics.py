"""The metrics against worked examples, and against scikit-learn as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from service.confidence import metrics
from service.domain.errors import InvalidInput

coarse = st.integers(0, 20).map(lambda twentieth: twentieth / 20)  # ties are likely
items = st.lists(st.tuples(coarse, st.integers(0, 1)), min_size=2, max_size=80).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


@given(items)
def test_auroc_brier_and_log_loss_are_scikit_learns(pairs: list[tuple[float, int]]) -> None:
    confidence, labels = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    inside = np.clip(confidence, 0.01, 0.99)
    assert metrics.auroc(confidence, labels) == pytest.approx(roc_auc_score(labels, confidence))
    assert metrics.brier(confidence, labels) == pytest.approx(brier_score_loss(labels, confidence))
    assert metrics.log_loss(inside, labels) == pytest.approx(sklearn_log_loss(labels, inside))


def test_accuracy_takes_the_likelier_answer() -> None:
    assert metrics.accuracy([0.9, 0.6, 0.4, 0.1], [1, 0, 0, 1]) == 0.5


def test_people_take_the_least_sure_first() -> None:
    confidence, labels = [0.95, 0.55, 0.45, 0.05], [1, 0, 1, 1]
    found = [metrics.accuracy_at_review(confidence, labels, s) for s in (0, 0.25, 0.5, 0.75, 1)]
    assert found == [0.25, 0.5, 0.75, 0.75, 1.0]


@given(items, st.floats(0, 1))
def test_review_never_lowers_accuracy(pairs: list[tuple[float, int]], share: float) -> None:
    confidence, labels = zip(*pairs, strict=True)
    with_people = metrics.accuracy_at_review(confidence, labels, share)
    assert metrics.accuracy(confidence, labels) <= with_people + 1e-12


def test_ece_is_the_weighted_gap_of_bins_of_equal_mass() -> None:
    # Two bins of two: |1/2 - .15| and |1 - .85|, each of half the mass.
    assert metrics.ece([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], bins=2) == pytest.approx(0.25)


def test_ece_of_certain_and_right_is_none() -> None:
    assert metrics.ece([0.0, 1.0] * 30, [0, 1] * 30) == 0


def test_ece_sees_overconfidence() -> None:
    chance = np.random.default_rng(5)
    truth = chance.random(20_000)
    labels = (chance.random(20_000) < truth).astype(int)
    overconfident = np.where(truth > 0.5, 0.99, 0.01)
    assert metrics.ece(truth, labels) < 0.02
    assert metrics.ece(overconfident, labels) > 0.2


@pytest.mark.parametrize(
    ("confidence", "labels"),
    [([], []), ([0.5], [1, 0]), ([np.nan], [1]), ([1.5], [1]), ([0.5], [2]), ([[0.5]], [[1]])],
)
def test_what_does_not_pair_up_is_refused(confidence: list[float], labels: list[int]) -> None:
    with pytest.raises(InvalidInput):
        metrics.ece(confidence, labels)
