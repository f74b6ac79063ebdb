"""How unlike everything a bundle has learned from is an item? By its words and by its meaning.

Words: how surprising the item's tokens are under the frequencies of the training texts, as a
z-score of their mean. Meaning, where the model gives embeddings: the squared distance of the
embedding from the nearest class's centre, in the directions in which training texts hardly vary.
The sum of the two, each standardised, is placed among those of texts that were not trained on.

Words alone miss what is said in familiar words (a chat among tweets), meaning alone what the model
maps onto what it knows (code, forms); docs/guards.md has the figures.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.domain.errors import BrokenBundle
from service.scoring.reading import Inputs

NOVELTY = "novelty.npz"

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Novelty:
    """Reference statistics of a bundle's training texts.

    `surprisal` (tokens,): -ln p of each token. `usual_surprisal` (2,): a token's mean and standard
    deviation in ordinary texts. `centres` (classes, width) and `still` (width, directions): of the
    embeddings; empty where the model gives none. `scale` (2, 2): mean and standard deviation of
    the two measures. `reference` (texts,): their sums in ordinary texts, in rising order.
    """

    surprisal: Floats
    usual_surprisal: Floats
    centres: Floats
    still: Floats
    scale: Floats
    reference: Floats

    @classmethod
    def of_file(cls, content: bytes) -> Self:
        """Raises BrokenBundle where the file does not hold such statistics."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                found = {f.name: arrays[f.name].astype(np.float64) for f in fields(cls)}
        except Exception as error:  # zipfile, numpy and OS each have their own
            raise BrokenBundle(f"{NOVELTY} cannot be read: {error}") from error
        if not all(np.isfinite(array).all() for array in found.values()):
            raise BrokenBundle(f"{NOVELTY} holds what is not a number.")
        return cls(**found)

    def measures(self, batch: Sequence[Inputs], embeddings: NDArray[np.float32] | None) -> Floats:
        """How strange the words are and the meaning is, shape (items, 2), standardised."""
        words = [self.words(inputs) for inputs in batch]
        meanings = np.zeros(len(batch)) if embeddings is None else self.meanings(embeddings)
        mean, deviation = self.scale
        measured: Floats = (np.array([words, meanings]).T - mean) / deviation
        return measured

    def novelties(self, measures: Floats) -> list[float]:
        """For each item the share of ordinary texts that are less novel, in [0, 1]; 1 for what is
        unmeasurable."""
        total = measures.sum(axis=1)
        share = np.searchsorted(self.reference, total) / len(self.reference)
        found: list[float] = np.where(np.isfinite(total), share, 1.0).tolist()
        return found

    def complexities(self, measures: Floats) -> list[float]:
        """For each item the share of ordinary texts whose words are plainer, in [0, 1], on the
        normal curve that their measures follow; 1 for what is unmeasurable."""
        shares = map(_NORMAL.cdf, measures[:, 0].tolist())
        return [share if math.isfinite(share) else 1.0 for share in shares]

    def words(self, inputs: Inputs) -> float:
        """(sum of surprisals - n mean) / (deviation sqrt n) over an item's n tokens."""
        ids = inputs.rows["input_ids"]
        mean, deviation = self.usual_surprisal
        found = self._surprisal_of_any.take(ids, mode="clip").sum()
        return float((found - len(ids) * mean) / (deviation * math.sqrt(max(1, len(ids)))))

    def meanings(self, embeddings: NDArray[np.float32]) -> Floats:
        """min over classes of |still^T (embedding - centre)|^2 for each row of (items, width); 0
        where there are no centres."""
        if not self.centres.size:
            return np.zeros(len(embeddings))
        away = (embeddings.astype(np.float64) @ self.still)[:, None] - self._still_centres
        found: Floats = (away**2).sum(axis=2).min(axis=1)
        return found

    @cached_property
    def _surprisal_of_any(self) -> Floats:
        """With one place more, for tokens that no training text reached: as surprising as any."""
        return np.append(self.surprisal, self.surprisal.max())

    @cached_property
    def _still_centres(self) -> Floats:
        return self.centres @ self.still


_NORMAL = NormalDist()
