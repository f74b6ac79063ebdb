"""What retraining adds to a model: a correction of its log-odds, learned from a gate's labels.

log-odds of approving' = (1 + slope) s + weights . x + shift, where s are the log-odds of the
graph's own mean probabilities, and x is its embedding or, where it reads fields, their features.
The graph itself stays as it was.
"""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.domain.errors import BrokenBundle

HEAD = "head.npz"
NEAREST_TO_CERTAIN = 1e-9
"""Log-odds are read no nearer than this to probabilities of 0 and 1, where they end."""
LARGEST_STEP = 30.0
"""No correction moves the log-odds further: e^30 is certainty already, and still a number."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedHead:
    """`weights` has the shape (width,)."""

    slope: float
    shift: float
    weights: Floats

    @classmethod
    def of_file(cls, content: bytes) -> Self:
        """Raises BrokenBundle where the file holds no such head."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                slope, shift = float(arrays["slope"]), float(arrays["shift"])
                weights = arrays["weights"].astype(np.float64)
        except Exception as error:  # zipfile, numpy and OS each have their own
            raise BrokenBundle(f"{HEAD} cannot be read: {error}") from error
        if weights.ndim != 1 or not np.isfinite([slope, shift, *weights]).all():
            raise BrokenBundle(f"{HEAD} holds what is no head.")
        return cls(slope=slope, shift=shift, weights=weights)

    def to_file(self) -> bytes:
        """What `of_file` reads: the same head, the same bytes."""
        content = io.BytesIO()
        weights = self.weights.astype(np.float32)
        np.savez_compressed(content, slope=self.slope, shift=self.shift, weights=weights)
        return content.getvalue()

    def step(self, odds: Floats, x: Floats) -> Floats:
        """What is added to the log-odds `odds` (items,) of items with the features x (items,
        width); each item's step is the same in any company."""
        found: Floats = self.slope * odds + np.einsum("ij,j->i", x, self.weights) + self.shift
        return np.clip(found, -LARGEST_STEP, LARGEST_STEP)

    def applied(self, p: Floats, x: Floats, approving: NDArray[np.bool_]) -> Floats:
        """P(label) of every member, shape (members, items, labels), corrected. `approving`
        (labels,) says which of them mean that approving is right."""
        step = self.step(log_odds(p.mean(axis=0)[:, approving].sum(axis=1)), x)
        moved = p * np.where(approving, np.exp(step)[:, None], 1.0)
        result: Floats = moved / moved.sum(axis=-1, keepdims=True)
        return result


def log_odds(p: Floats) -> Floats:
    """ln p / (1 - p), finite."""
    inside = np.clip(p, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)
    result: Floats = np.log(inside / (1 - inside))
    return result
