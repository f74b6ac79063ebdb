"""Several reviewers: what the truth is, how good each of them is, and whom to ask next.

Dawid and Skene (1979): every reviewer k answers l to an item of truth j with probability
pi^k_jl, and the truths' shares are p_j. Expectation: T_ij ~ p_j prod pi^k_jl over item i's
answers; maximisation: p and pi from T. A reviewer of few answers has one number, the share of
right ones, the errors spread evenly (the one-coin model).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.domain.errors import InvalidInput
from service.thresholds.sample import Floats

ANSWERS_FOR_A_MATRIX = 50
SURE = 0.95
"""Below this probability of the likeliest truth another reviewer is asked."""

STEPS, SETTLED = 500, 1e-7

type Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """One answer per place: which item, which reviewer, which label; numbered from 0."""

    item: Places
    reviewer: Places
    label: Places

    @classmethod
    def of(cls, items: ArrayLike, reviewers: ArrayLike, labels: ArrayLike) -> "Answers":
        """The answers. InvalidInput where there are none, or they do not pair up."""
        columns = [np.asarray(column, dtype=np.int64) for column in (items, reviewers, labels)]
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            raise InvalidInput("Items, reviewers and labels do not pair up.")
        if columns[0].size == 0 or min(int(column.min()) for column in columns) < 0:
            raise InvalidInput("There must be an answer, and numbers start at 0.")
        return cls(item=columns[0], reviewer=columns[1], label=columns[2])


@dataclass(frozen=True, kw_only=True, eq=False)
class Consensus:
    """`truth` T, shape (items, labels), rows summing to 1 (an item nobody answered has the shares);
    `confusion` pi, shape (reviewers, labels, labels): truth, then answer; `shares` p."""

    truth: Floats
    confusion: Floats
    shares: Floats

    @property
    def accuracy(self) -> Floats:
        """How often every reviewer is right, on items as they come."""
        result: Floats = np.einsum("j,kjj->k", self.shares, self.confusion)
        return result


def consensus(answers: Answers, *, labels: int = 2) -> Consensus:
    """The truths and the reviewers that explain the answers best, from the majority vote on.

    InvalidInput where an answer is no label, or there is one label only.
    """
    if labels < 2 or int(answers.label.max()) >= labels:
        raise InvalidInput(f"An answer is not one of {labels} labels, or there are fewer than 2.")
    items, reviewers = int(answers.item.max()) + 1, int(answers.reviewer.max()) + 1
    votes = np.zeros((items, labels))
    np.add.at(votes, (answers.item, answers.label), 1)
    truth = (votes + 1e-9) / (votes + 1e-9).sum(axis=1, keepdims=True)
    for _ in range(STEPS):
        shares, confusion = _maximised(answers, truth, reviewers)
        previous, truth = truth, _expected(answers, shares, confusion, items)
        if np.abs(truth - previous).max() < SETTLED:
            break
    return Consensus(truth=truth, confusion=confusion, shares=shares)


def _maximised(answers: Answers, truth: Floats, reviewers: int) -> tuple[Floats, Floats]:
    labels = truth.shape[1]
    answered = np.unique(answers.item)
    shares = truth[answered].mean(axis=0)
    counts = np.zeros((reviewers, labels, labels))
    np.add.at(counts.transpose(0, 2, 1), (answers.reviewer, answers.label), truth[answers.item])
    # One imagined answer of each kind keeps a reviewer who never erred from being infallible.
    confusion = (counts + 1 / labels) / (counts + 1 / labels).sum(axis=2, keepdims=True)
    total, right = counts.sum(axis=(1, 2)), np.einsum("kjj->k", counts)
    few = total < ANSWERS_FOR_A_MATRIX
    coin = ((right + 1) / (total + 2))[few, None, None]
    even = np.eye(labels, dtype=bool)
    confusion[few] = np.where(even, coin, (1 - coin) / (labels - 1))
    return shares, confusion


def _expected(answers: Answers, shares: Floats, confusion: Floats, items: int) -> Floats:
    logs = np.tile(np.log(np.maximum(shares, 1e-12)), (items, 1))
    np.add.at(logs, answers.item, np.log(confusion[answers.reviewer, :, answers.label]))
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    result: Floats = weights / weights.sum(axis=1, keepdims=True)
    return result


def agreement(answers: Answers) -> float:
    """Krippendorff's alpha for nominal labels: 1 where all agree, 0 where they do as by chance.

    1 - observed / expected disagreement, from the coincidences of pairs of answers to one item,
    each weighing 1 / (its item's answers - 1) (Krippendorff 2011). InvalidInput where no item has
    two answers. All answers alike agree, though they show nothing: 1.
    """
    items, labels = int(answers.item.max()) + 1, int(answers.label.max()) + 1
    values = np.zeros((items, labels))
    np.add.at(values, (answers.item, answers.label), 1)
    values = values[values.sum(axis=1) >= 2]
    if values.size == 0:
        raise InvalidInput("Agreement needs an item with two answers.")
    answers_each = values.sum(axis=1, keepdims=True)
    pairs = (values / (answers_each - 1)).T @ values
    np.fill_diagonal(pairs, np.diag(pairs) - (values / (answers_each - 1)).sum(axis=0))
    totals, total = pairs.sum(axis=0), pairs.sum()
    expected = (total**2 - (totals**2).sum()) / (total - 1)
    observed = total - np.trace(pairs)
    return float(1 - observed / expected) if expected > 0 else 1.0
