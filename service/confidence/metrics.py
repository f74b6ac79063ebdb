"""How good confidences are. Throughout: `confidence` is c in [0, 1], shape (items,); `labels` are
1 where approving is right, else 0, same shape. InvalidInput where they are not so, or are empty."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.domain.errors import InvalidInput

BINS = 15
"""Bins of equal mass for the calibration error."""

NEAREST_TO_CERTAIN = 1e-15

type Floats = NDArray[np.float64]


def accuracy(confidence: ArrayLike, labels: ArrayLike) -> float:
    """The share of items whose likelier answer (approve where c > 1/2) is right."""
    c, y = checked(confidence, labels)
    return float(_right(c, y).mean())


def accuracy_at_review(confidence: ArrayLike, labels: ArrayLike, share: float) -> float:
    """1 - P(decided automatically and wrong) when the `share` nearest to 1/2 goes to people,
    who are taken to be right. Collaborative accuracy, so it flatters: people err too."""
    c, y = checked(confidence, labels)
    automatic = np.argsort(-np.abs(c - 0.5), kind="stable")[: c.size - round(share * c.size)]
    return 1 - float(np.count_nonzero(~_right(c, y)[automatic])) / c.size


def auroc(confidence: ArrayLike, labels: ArrayLike) -> float:
    """P(a random approvable item scores above a random other one), ties counting half."""
    c, y = checked(confidence, labels)
    positives = np.count_nonzero(y)
    if positives in (0, y.size):
        raise InvalidInput("AUROC needs items of both labels.")
    _, place, counts = np.unique(c, return_inverse=True, return_counts=True)
    mean_rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = mean_rank[y == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (y.size - positives)))


def ece(confidence: ArrayLike, labels: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error: sum over equal-mass bins of (n_b / N) |mean y - mean c|."""
    c, y = checked(confidence, labels)
    order = np.argsort(c, kind="stable")
    parts = np.array_split(order, min(bins, c.size))
    return float(sum(abs(y[part].sum() - c[part].sum()) for part in parts) / c.size)


def brier(confidence: ArrayLike, labels: ArrayLike) -> float:
    """The mean squared distance of c to the truth."""
    c, y = checked(confidence, labels)
    return float(np.mean((c - y) ** 2))


def log_loss(confidence: ArrayLike, labels: ArrayLike, weights: Floats | None = None) -> float:
    """The mean of -ln P(truth), in nats; of items that count `weights` each, where there are."""
    c, y = checked(confidence, labels)
    truth = np.where(y == 1, c, 1 - c)
    return float(-np.average(np.log(np.maximum(truth, NEAREST_TO_CERTAIN)), weights=weights))


def checked(confidence: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Both as arrays, or InvalidInput: one item's confidence and label per place."""
    c = unit_interval(confidence)
    y = np.asarray(labels, dtype=np.float64)
    if y.shape != c.shape or c.size == 0:
        raise InvalidInput(f"{c.size} confidences do not pair with {y.size} labels.")
    if not np.isin(y, (0, 1)).all():
        raise InvalidInput("A label is neither 0 nor 1.")
    return c, y


def unit_interval(values: ArrayLike) -> Floats:
    """The values as an array of shape (items,), or InvalidInput where one is not in [0, 1]."""
    found = np.asarray(values, dtype=np.float64)
    # Written so that NaN, which is above and below nothing, fails too.
    if found.ndim != 1 or not ((found >= 0) & (found <= 1)).all():
        raise InvalidInput("A score or confidence is not a number between 0 and 1.")
    return found


def _right(c: Floats, y: Floats) -> NDArray[np.bool_]:
    answers: NDArray[np.bool_] = (c > 0.5) == (y == 1)
    return answers
