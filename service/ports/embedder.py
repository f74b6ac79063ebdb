"""What tells how near texts are in meaning."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    @property
    def version(self) -> str:
        """What model it is."""
        ...

    async def embed(
        self, text: str, *, gate: str = "", within: float = math.inf
    ) -> NDArray[np.float32]:
        """The text's vector of length 1; `gate` and `within` as for a score. Raises ScorerFailed
        where the model cannot read it or gives no such vectors, Overloaded as for a score."""
        ...
