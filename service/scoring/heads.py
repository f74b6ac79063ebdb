"""From a model's outputs to probabilities: one pass, or what several members say."""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from service.domain.errors import BrokenBundle

type Floats = NDArray[np.float64]

EMBEDDING = "embedding"
"""The optional output (items, width): unit vectors by meaning."""


class Method(StrEnum):
    """How a model tells how sure it is, as cards name it."""

    SOFTMAX = "softmax"
    ENSEMBLE = "ensemble"
    MC_DROPOUT = "mc_dropout"


LOGITS = {
    Method.SOFTMAX: "logits",
    Method.ENSEMBLE: "member_logits",
    Method.MC_DROPOUT: "member_logits",
}
"""The output that a method rests on: logits (items, labels), member_logits (members, items,
labels)."""


def member_probabilities(method: Method, outputs: Mapping[str, NDArray[np.float32]]) -> Floats:
    """P(label) as every member says it, shape (members, items, labels); one member for softmax.

    Raises BrokenBundle where the outputs are not the method's.
    """
    logits = outputs[LOGITS[method]]
    if logits.ndim != (2 if method is Method.SOFTMAX else 3):
        raise BrokenBundle(f"{LOGITS[method]} has {logits.ndim} dimensions.")
    return softmax(logits if logits.ndim == 3 else logits[None])


def softmax(logits: NDArray[np.float32]) -> Floats:
    """exp(z) / sum exp(z) over the last axis."""
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return result
