"""c from what several members say: a logistic model of their mean and of how far they agree.

c = sigma(shift + w . [logit of mean p, agreement, mutual information, mean log-probability]), the
features as `members` has them. How far members agree says how sure they are, not which way, so it
stands beside the mean and is never the confidence itself: with two labels it is not below 1/2.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from service.confidence import calibrators
from service.confidence.calibrators import (
    FOLDS,
    AnyCalibrator,
    Calibrator,
    Choice,
    Floats,
    evidence,
    folds_of,
    number,
    shares_of,
    sigma,
)
from service.confidence.members import rows_of
from service.confidence.metrics import checked, log_loss, unit_interval
from service.domain.decision import Spread
from service.domain.errors import InvalidInput
from service.domain.values import Json

MEMBERS = "members"

RIDGE = 1.0
"""The penalty on the squared weights of standardised features, where an item's log-loss counts 1:
it keeps them finite on separable labels, and small where labels are few."""


@dataclass(frozen=True, kw_only=True)
class MemberCalibrator:
    """The weight of each feature, in the features' own units (log-odds, share, nats, nats)."""

    kind: ClassVar[str] = MEMBERS

    log_odds: float
    agreement: float
    mutual_information: float
    mean_log_probability: float
    shift: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, asdict(self).values())) or self.log_odds < 0:
            raise InvalidInput("A calibrator of members needs finite weights, log_odds above 0.")

    def __call__(self, raw: float, spread: Spread | None = None, /) -> float:
        """c in [0, 1] of a mean p in [0, 1]. Raises InvalidInput where there is no spread."""
        if spread is None:
            raise InvalidInput("One opinion cannot be calibrated as several are.")
        return float(self.many([raw], rows_of([spread]))[0])

    def many(self, raw: ArrayLike, spreads: Floats | None = None, /) -> Floats:
        """c of every mean p, shape (items,); `spreads` as `rows_of` gives them."""
        weights = [self.log_odds, self.agreement, self.mutual_information]
        return sigma(
            _features(unit_interval(raw), spreads) @ [*weights, self.mean_log_probability]
            + self.shift
        )

    def to_json(self) -> dict[str, Json]:
        """The weights, as `from_json` reads them."""
        return {"kind": MEMBERS, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Self:
        """Raises InvalidInput where the document does not describe one."""
        try:
            weights = {
                name: number(document[name]) for name in cls.__dataclass_fields__ if name != "kind"
            }
        except (KeyError, ValueError) as error:
            raise InvalidInput(f"This is no calibrator: {document}.") from error
        return cls(**weights)


def read_calibrator(document: Mapping[str, Json]) -> AnyCalibrator:
    """The calibrator of a document, whatever its kind. Raises InvalidInput where it is none."""
    try:
        kind = document["kind"]
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"This is no calibrator: {document}.") from error
    if kind == MEMBERS:
        return MemberCalibrator.from_json(document)
    return Calibrator.from_json(document)


def choose(
    raw: ArrayLike, labels: ArrayLike, spreads: Floats | None, weights: Floats | None = None
) -> Choice:
    """The calibrator with the least cross-validated log-loss: one of the mean alone, or, where
    there are spreads, the logistic model. Raises InvalidInput with too few of a label."""
    simple = calibrators.choose(raw, labels, weights)
    if spreads is None:
        return simple
    p, y = checked(raw, labels)
    folds, held_out = folds_of(y), np.empty_like(p)
    for fold in range(FOLDS):
        inside = folds != fold
        counts = None if weights is None else weights[inside]
        fitted = fit_members(p[inside], y[inside], spreads[inside], counts)
        held_out[~inside] = fitted.many(p[~inside], spreads[~inside])
    losses = {**simple.log_losses, MEMBERS: log_loss(held_out, y, weights)}
    if losses[MEMBERS] >= min(simple.log_losses.values()):
        return Choice(calibrator=simple.calibrator, items=p.size, log_losses=losses)
    return Choice(calibrator=fit_members(p, y, spreads, weights), items=p.size, log_losses=losses)


def fit_members(
    raw: ArrayLike, labels: ArrayLike, spreads: Floats, counts: Floats | None = None
) -> MemberCalibrator:
    """The weights with the least log-loss and penalty. Where even so a higher mean would mean a
    lower confidence, the members say nothing: c is the share of labels that are 1."""
    p, y = checked(raw, labels)
    features = _features(p, spreads)
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale == 0] = 1.0  # what never varies gets no weight from the penalty
    weights = _penalised(np.column_stack([(features - centre) / scale, np.ones(y.size)]), y, counts)
    slopes = weights[:-1] / scale
    shift = float(weights[-1] - slopes @ centre)
    if slopes[0] < 0:
        positives = float(y.sum())
        slopes, shift = np.zeros(4), math.log((positives + 1) / (y.size - positives + 1))
    log_odds, agreement, information, log_probability = slopes.tolist()
    return MemberCalibrator(
        log_odds=log_odds,
        agreement=agreement,
        mutual_information=information,
        mean_log_probability=log_probability,
        shift=shift,
    )


def _features(p: Floats, spreads: Floats | None) -> Floats:
    if spreads is None or len(spreads) != p.size:
        raise InvalidInput("Every score of several opinions needs its spread.")
    return np.column_stack([evidence(p).sum(axis=1), spreads])


def _penalised(features: Floats, y: Floats, counts: Floats | None) -> Floats:
    """Newton's method with step halving; the last weight, the shift, bears no penalty."""
    weights = np.zeros(features.shape[1])
    penalty = np.full(weights.size, RIDGE)
    each = y.size * shares_of(counts, y.size)
    penalty[-1] = 1e-6  # labels all alike still have a finite shift

    def loss(at: Floats) -> float:
        z = features @ at
        return float(each @ (np.logaddexp(0, z) - y * z) + (penalty * at**2).sum() / 2)

    for _ in range(100):
        c = sigma(features @ weights)
        slope = features.T @ (each * (c - y)) + penalty * weights
        curvature = (features.T * (each * c * (1 - c))) @ features + np.diag(penalty)
        step, size = np.linalg.solve(curvature, slope), 1.0
        while size > 1e-6 and not loss(weights - size * step) <= loss(weights):
            size /= 2
        weights = weights - size * step
        if np.abs(size * step).max() < 1e-10:
            break
    return weights
