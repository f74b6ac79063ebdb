"""Several reviewers: the truth comes out of their answers, and so does how good they are."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.domain.errors import InvalidInput
from service.thresholds.reviewers import (
    ANSWERS_FOR_A_MATRIX,
    SURE,
    Answers,
    Consensus,
    agreement,
    consensus,
)

answer_lists = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=60
)


def simulated(
    seed: int, items: int, confusion: list[list[list[float]]], each: int
) -> tuple[NDArray[np.int64], Answers]:
    """Items of two kinds, a third of them 1; `each` of the reviewers answers every item."""
    chance = np.random.default_rng(seed)
    truth = (chance.random(items) < 1 / 3).astype(np.int64)
    rows = []
    for item in range(items):
        for reviewer in chance.choice(len(confusion), each, replace=False):
            label = chance.choice(2, p=confusion[reviewer][truth[item]])
            rows.append((item, reviewer, label))
    return truth, Answers.of(*zip(*rows, strict=True))


def unsure(found: Consensus) -> NDArray[np.bool_]:
    """Which items another reviewer is asked for."""
    return np.asarray(found.truth.max(axis=1) < SURE)


GOOD, LENIENT, COIN = [[0.95, 0.05], [0.05, 0.95]], [[0.98, 0.02], [0.5, 0.5]], [[0.5, 0.5]] * 2


def test_the_truth_is_found_better_than_by_majority() -> None:
    truth, answers = simulated(1, 800, [GOOD, GOOD, LENIENT, LENIENT, COIN], each=5)
    found = consensus(answers)
    votes = np.zeros((truth.size, 2))
    np.add.at(votes, (answers.item, answers.label), 1)
    majority = (votes.argmax(axis=1) == truth).mean()
    ours = (found.truth.argmax(axis=1) == truth).mean()
    assert ours > majority
    assert ours > 0.97


def test_reviewers_are_known_by_their_answers() -> None:
    _, answers = simulated(2, 1_500, [GOOD, GOOD, LENIENT, LENIENT, COIN], each=4)
    found = consensus(answers)
    expected = np.array([GOOD, GOOD, LENIENT, LENIENT, COIN])
    assert np.abs(found.confusion - expected).max() < 0.08
    assert found.shares == pytest.approx([2 / 3, 1 / 3], abs=0.05)
    assert found.accuracy[0] > found.accuracy[2] > found.accuracy[4]


def test_few_answers_make_a_coin() -> None:
    _, answers = simulated(3, ANSWERS_FOR_A_MATRIX - 1, [GOOD, LENIENT, GOOD], each=3)
    confusion = consensus(answers).confusion
    assert confusion[:, 0, 0] == pytest.approx(confusion[:, 1, 1])
    _, answers = simulated(3, ANSWERS_FOR_A_MATRIX, [GOOD, LENIENT, GOOD], each=3)
    confusion = consensus(answers).confusion
    assert abs(confusion[1, 0, 0] - confusion[1, 1, 1]) > 0.1


def test_disagreement_asks_another_and_agreement_does_not() -> None:
    _, answers = simulated(4, 300, [GOOD, GOOD, GOOD], each=2)
    found = consensus(answers)
    sums = np.bincount(answers.item, weights=answers.label)
    assert unsure(found)[sums == 1].all()
    assert not unsure(found)[sums == 0].any()


def test_an_item_that_nobody_answered_is_open() -> None:
    found = consensus(Answers.of([0, 0, 2, 2], [0, 1, 0, 1], [0, 0, 1, 1]))
    assert unsure(found)[1]
    assert found.truth[1] == pytest.approx(found.shares)


@given(answer_lists)
def test_probabilities_are_that(rows: list[tuple[int, int, int]]) -> None:
    found = consensus(Answers.of(*zip(*rows, strict=True)), labels=3)
    assert found.truth.sum(axis=1) == pytest.approx(np.ones(len(found.truth)))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones(found.confusion.shape[:2]))
    assert found.shares.sum() == pytest.approx(1)
    assert found.truth.min() >= 0
    assert found.confusion.min() > 0


@given(answer_lists)
def test_agreement_is_krippendorffs(rows: list[tuple[int, int, int]]) -> None:
    once = {(item, reviewer): label for item, reviewer, label in rows}
    table = np.full((5, 8), np.nan)
    for (item, reviewer), label in once.items():
        table[reviewer, item] = label
    answers = Answers.of(
        [item for item, _ in once], [reviewer for _, reviewer in once], list(once.values())
    )
    paired = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    if paired.size == 0:
        with pytest.raises(InvalidInput):
            agreement(answers)
    elif np.unique(paired[~np.isnan(paired)]).size == 1:
        assert agreement(answers) == 1
    else:
        expected = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
        assert agreement(answers) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("item", "reviewer", "label"),
    [([], [], []), ([0], [0, 1], [0]), ([-1], [0], [0]), ([[0]], [[0]], [[0]])],
)
def test_what_are_no_answers_is_refused(
    item: list[int], reviewer: list[int], label: list[int]
) -> None:
    with pytest.raises(InvalidInput):
        Answers.of(item, reviewer, label)


def test_labels_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InvalidInput):
        consensus(Answers.of([0], [0], [2]))
    with pytest.raises(InvalidInput):
        consensus(Answers.of([0], [0], [0]), labels=1)
