"""A made-up gate whose truth is known: what it promises can be checked against 200,000 items.

One item in ten is approvable. An ensemble of five members sees evidence of it, each with noise of
its own and twice as sure as it should be, so that its mean needs calibration.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.1
MEMBERS = 5

type Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """Raw scores in [0, 1] and labels, 1 where approving is right: shape (items,)."""

    scores: Floats
    labels: Floats


def draw(
    items: int, chance: np.random.Generator, *, prior: float = PRIOR, evading: float = 0.0
) -> Items:
    """Fresh items; `prior` is the share of approvable ones, `evading` the share of those that look
    to the model like the plainest of the others."""
    p, labels = draw_members(items, chance, prior=prior, evading=evading)
    return Items(scores=p[..., 1].mean(axis=0), labels=labels)


def draw_members(
    items: int, chance: np.random.Generator, *, prior: float = PRIOR, evading: float = 0.0
) -> tuple[Floats, Floats]:
    """What each member says of such items, P(not, approvable) of shape (members, items, 2), and
    the labels."""
    labels = (chance.random(items) < prior).astype(np.float64)
    evidence = chance.normal(np.where(labels == 1, 2.4, -2.4), 1.35)
    logit = 1.9 * evidence + np.log(PRIOR / (1 - PRIOR))
    evades = (labels == 1) & (chance.random(items) < evading)
    logit = np.where(evades, -np.abs(chance.normal(5, 1.2, size=items)), logit)
    members = 1.8 * logit[:, None] + 1.62 * chance.normal(size=(items, MEMBERS))
    approvable = (1 / (1 + np.exp(-members))).T
    return np.stack([1 - approvable, approvable], axis=-1), labels
