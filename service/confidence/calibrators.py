"""From a raw score p to c, the calibrated probability that approving is right.

One family holds them all: c = sigma(a ln p - b ln(1 - p) + shift) with a, b >= 0, so that c never
falls as p rises. Temperature (Guo et al. 2017, arXiv 1706.04599) has a = b = 1/T and no shift,
Platt (1999) has a = b, beta (Kull, Silva Filho and Flach 2017) leaves all three free.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol, Self, assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.confidence.metrics import checked, log_loss, unit_interval
from service.domain.decision import Spread
from service.domain.errors import InvalidInput
from service.domain.values import Json

type Floats = NDArray[np.float64]

NEAREST_TO_CERTAIN = 1e-6
"""Raw scores are read no nearer than this to 0 and 1, where the logarithms end."""

FOLDS = 5
FOLD_SEED = 20


class Kind(StrEnum):
    """The ways to calibrate, the simplest first."""

    IDENTITY = "identity"
    TEMPERATURE = "temperature"
    PLATT = "platt"
    BETA = "beta"


class AnyCalibrator(Protocol):
    """What makes raw scores confidences. Some look at how far several opinions agree, too."""

    @property
    def kind(self) -> str: ...

    def __call__(self, raw: float, spread: Spread | None = None, /) -> float:
        """c in [0, 1]. Raises InvalidInput where `raw` is not in [0, 1], or a spread is needed."""
        ...

    def many(self, raw: ArrayLike, spreads: Floats | None = None, /) -> Floats:
        """c of every raw score, shape (items,); `spreads` of shape (items, 3)."""
        ...

    def to_json(self) -> dict[str, Json]: ...


@dataclass(frozen=True, kw_only=True)
class Calibrator:
    """A monotone map of [0, 1] into itself, whatever the spread."""

    kind: Kind = Kind.IDENTITY
    a: float = 1.0
    b: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.a, self.b, self.shift))) or min(self.a, self.b) < 0:
            raise InvalidInput("A calibrator needs finite parameters, and a and b of at least 0.")

    def __call__(self, raw: float, _spread: Spread | None = None, /) -> float:
        """c in [0, 1]. Raises InvalidInput where `raw` is not a number in [0, 1]."""
        if not 0 <= raw <= 1:
            raise InvalidInput(f"A score of {raw} is not a number between 0 and 1.")
        return float(self._of(np.float64(raw)))

    def many(self, raw: ArrayLike, _spreads: Floats | None = None, /) -> Floats:
        """c of every raw score, shape (items,); of each the same as alone."""
        return self._of(unit_interval(raw))

    def _of[Number: (np.float64, Floats)](self, p: Number) -> Number:
        if self.kind is Kind.IDENTITY:
            return p
        ln_p, ln_rest = _logarithms(p)
        return sigma(self.a * ln_p - self.b * ln_rest + self.shift)

    def to_json(self) -> dict[str, Json]:
        """The parameters, as `from_json` reads them."""
        return asdict(self) | {"kind": str(self.kind)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Self:
        """The calibrator of a document. Raises InvalidInput where it does not describe one."""
        try:
            kind = Kind(str(document["kind"]))
            a, b, shift = (number(document[name]) for name in ("a", "b", "shift"))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"This is no calibrator: {document}.") from error
        return cls(kind=kind, a=a, b=b, shift=shift)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The calibrator that was chosen, on how many items, and every kind's held-out log-loss."""

    calibrator: AnyCalibrator
    items: int
    log_losses: Mapping[str, float]


def choose(raw: ArrayLike, labels: ArrayLike, weights: Floats | None = None) -> Choice:
    """The kind with the least cross-validated log-loss, then fitted on everything.

    `labels` are 1 where approving is right; `weights` is what each counts, 1 by default. Raises
    InvalidInput with fewer than FOLDS of a label.
    """
    p, y = checked(raw, labels)
    if min(np.count_nonzero(y == 1), np.count_nonzero(y == 0)) < FOLDS:
        raise InvalidInput(f"Calibration needs at least {FOLDS} items of each label.")
    folds = folds_of(y)
    losses: dict[str, float] = {kind: _held_out_loss(kind, p, y, folds, weights) for kind in Kind}
    best = min(Kind, key=lambda kind: losses[kind])
    return Choice(calibrator=fit(best, p, y, weights), items=p.size, log_losses=losses)


def fit(kind: Kind, raw: ArrayLike, labels: ArrayLike, weights: Floats | None = None) -> Calibrator:
    """The calibrator of this kind with the least log-loss. InvalidInput on labels all alike."""
    p, y = checked(raw, labels)
    if y.min() == y.max():
        raise InvalidInput("Items of one label alone cannot calibrate.")
    log_odds = evidence(p).sum(axis=1)[:, None]
    match kind:
        case Kind.IDENTITY:
            return Calibrator()
        case Kind.TEMPERATURE:
            (slope,) = _rising_fit(log_odds, y, weights, shifted=False)
            return Calibrator(kind=kind, a=slope, b=slope)
        case Kind.PLATT:
            slope, shift = _rising_fit(log_odds, y, weights, shifted=True)
            return Calibrator(kind=kind, a=slope, b=slope, shift=shift)
        case Kind.BETA:
            a, b, shift = _rising_fit(evidence(p), y, weights, shifted=True)
            return Calibrator(kind=kind, a=a, b=b, shift=shift)
        case _:
            assert_never(kind)


def evidence(p: Floats) -> Floats:
    """ln p and -ln(1 - p), shape (items, 2); their sum is the log-odds."""
    ln_p, ln_rest = _logarithms(p)
    return np.stack([ln_p, -ln_rest], axis=1)


def _logarithms[Number: (np.float64, Floats)](p: Number) -> tuple[Number, Number]:
    """ln p and ln(1 - p)."""
    inside = np.minimum(np.maximum(p, NEAREST_TO_CERTAIN), 1 - NEAREST_TO_CERTAIN)
    return np.log(inside), np.log1p(-inside)


def sigma[Number: (np.float64, Floats)](z: Number) -> Number:
    """1 / (1 + exp(-z))."""
    with np.errstate(over="ignore"):  # exp overflows to infinity, and 1 / infinity is the right 0
        result: Number = 1 / (1 + np.exp(-z))
    return result


def _rising_fit(columns: Floats, y: Floats, counts: Floats | None, *, shifted: bool) -> list[float]:
    """Logistic regression whose slopes must not fall below 0; the shift, if any, comes last."""
    weights = np.zeros(columns.shape[1] + shifted)
    features = np.hstack([columns, np.ones((y.size, 1))]) if shifted else columns
    kept = np.ones(weights.size, dtype=bool)
    while True:
        weights[kept] = _logistic(features[:, kept], y, counts)
        slopes = weights[: columns.shape[1]]
        if slopes.min() >= 0:
            return [float(weight) for weight in weights]
        falling = int(slopes.argmin())
        kept[falling], weights[falling] = False, 0.0


def _logistic(features: Floats, y: Floats, counts: Floats | None) -> Floats:
    """Newton's method with step halving. Platt's targets keep it finite on separable labels."""
    positives = np.count_nonzero(y)
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (y.size - positives + 2))
    weights = np.zeros(features.shape[1])
    parts = shares_of(counts, y.size)

    def loss(at: Floats) -> float:
        z = features @ at
        return float(parts @ (np.logaddexp(0, z) - target * z))

    for _ in range(100):
        c = sigma(features @ weights)
        slope = features.T @ (parts * (c - target))
        curvature = (features.T * (parts * c * (1 - c))) @ features
        step = np.linalg.solve(curvature + 1e-12 * np.eye(weights.size), slope)
        size = 1.0
        while size > 1e-6 and not loss(weights - size * step) <= loss(weights):
            size /= 2
        weights = weights - size * step
        if np.abs(size * step).max(initial=0.0) < 1e-10:
            break
    return weights


def shares_of(weights: Floats | None, items: int) -> Floats:
    """What each item counts, summing to 1."""
    return np.full(items, 1 / items) if weights is None else weights / weights.sum()


def folds_of(y: Floats) -> NDArray[np.int64]:
    """The fold of every item: shuffled by a fixed seed, each label dealt out evenly."""
    chance = np.random.default_rng(FOLD_SEED)
    folds = np.empty(y.size, dtype=np.int64)
    for label in (0, 1):
        places = chance.permutation(np.flatnonzero(y == label))
        folds[places] = np.arange(places.size) % FOLDS
    return folds


def _held_out_loss(
    kind: Kind, p: Floats, y: Floats, folds: NDArray[np.int64], weights: Floats | None
) -> float:
    held_out = np.empty_like(p)
    for fold in range(FOLDS):
        inside = folds != fold
        counts = None if weights is None else weights[inside]
        held_out[~inside] = fit(kind, p[inside], y[inside], counts).many(p[~inside])
    return log_loss(held_out, y, weights)


def number(value: Json) -> float:
    """Raises ValueError for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value)
