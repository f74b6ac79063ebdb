"""What a model's run gives back for one item."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Score


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """The score, and the item's unit vector by meaning where the model has such an output."""

    score: Score
    embedding: NDArray[np.float32] | None = None
