"""Fit a head: a logistic regression that starts from what the model says already."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.confidence.calibrators import sigma
from service.confidence.metrics import log_loss
from service.scoring.learned_head import LearnedHead

type Floats = NDArray[np.float64]

PENALTIES = (None, 1000.0, 100.0, 10.0, 1.0, 0.1)
"""On half the squared weights, where an item's log-loss counts 1; the most cautious first: none."""
BARELY = 1e-6
"""The penalty on slope and shift: so that they are finite whatever the labels are."""
STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A head, the penalty that tuned best (None: no weights at all), and its log-loss there beside
    that of the model with slope and shift alone."""

    head: LearnedHead
    penalty: float | None
    log_loss: float
    log_loss_without: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """Items as the head sees them: log-odds (items,), features (items, width), and labels (items,),
    1 where approving is right."""

    odds: Floats
    x: Floats
    y: Floats


def fit(train: Measured, tune: Measured) -> Fitted:
    """The head with the least log-loss on `tune`, of those fitted on `train`."""
    heads = {penalty: _solved(train, penalty) for penalty in PENALTIES}
    losses = {penalty: _said(head, tune) for penalty, head in heads.items()}
    best = min(PENALTIES, key=lambda penalty: losses[penalty])
    return Fitted(
        head=heads[best], penalty=best, log_loss=losses[best], log_loss_without=losses[None]
    )


def _said(head: LearnedHead, items: Measured) -> float:
    return log_loss(sigma(items.odds + head.step(items.odds, items.x)), items.y)


def _solved(items: Measured, penalty: float | None) -> LearnedHead:
    """Newton's method with step halving; without `penalty` the weights are 0."""
    width = 0 if penalty is None else items.x.shape[1]
    columns = np.column_stack([items.x[:, :width], items.odds, np.ones(items.odds.size)])
    burden = np.full(width + 2, BARELY)
    burden[:width] = penalty or 0.0
    found = np.zeros(width + 2)

    def loss(at: Floats) -> float:
        z = items.odds + columns @ at
        return float(np.sum(np.logaddexp(0, z) - items.y * z) + (burden * at**2).sum() / 2)

    for _ in range(STEPS):
        c = sigma(items.odds + columns @ found)
        gradient = columns.T @ (c - items.y) + burden * found
        curvature = (columns.T * (c * (1 - c))) @ columns + np.diag(burden)
        step, size = np.linalg.solve(curvature, gradient), 1.0
        while size > 1e-6 and not loss(found - size * step) <= loss(found):
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    weights = np.zeros(items.x.shape[1])
    weights[:width] = found[:width]
    return LearnedHead(slope=float(found[-2]), shift=float(found[-1]), weights=weights)
