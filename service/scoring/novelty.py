"""How unlike everything a bundle has learned from is an item? By its words and by its meaning.

Words: how surprising the item's tokens are under the frequencies of the training texts, as a
z-score of their mean. Meaning, where the model gives embeddings: the squared distance of the
embedding from the nearest class's centre, in the directions in which training texts hardly vary.
The sum of the two, each standardised, is placed among those of texts that were not trained on.

Words alone miss what is said in familiar words (a chat among tweets), meaning alone what the model
maps onto what it knows (code, forms); docs/guards.md has the figures.
"""

import io
from dataclasses import dataclass, fields
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

    def of(self, inputs: Inputs, embedding: NDArray[np.float32] | None) -> float:
        """The share of ordinary texts that are less novel, in [0, 1]; 1 for what is unmeasurable.

        The same item gets the same number in any company.
        """
        total = self.total(inputs, embedding)
        if not np.isfinite(total):
            return 1.0
        return float(np.searchsorted(self.reference, total) / len(self.reference))

    def complexity_of(self, inputs: Inputs) -> float:
        """The share of ordinary texts whose words are plainer, in [0, 1], on the normal curve that
        their measures follow; 1 for what is unmeasurable."""
        mean, deviation = self.scale[:, 0]
        share = NormalDist().cdf((self.words(inputs) - mean) / deviation)
        return share if np.isfinite(share) else 1.0

    def total(self, inputs: Inputs, embedding: NDArray[np.float32] | None) -> float:
        """The sum of the standardised measures."""
        measured = np.array([self.words(inputs), self.meaning(embedding)])
        mean, deviation = self.scale
        return float(((measured - mean) / deviation).sum())

    def words(self, inputs: Inputs) -> float:
        """(sum of surprisals - n mean) / (deviation sqrt n) over an item's n tokens."""
        ids = inputs.rows["input_ids"]
        known = len(self.surprisal)
        most = self.surprisal.max()  # a token that the training texts' highest one does not reach
        found = np.where(ids < known, self.surprisal[np.minimum(ids, known - 1)], most)
        mean, deviation = self.usual_surprisal
        return float((found.sum() - len(ids) * mean) / (deviation * np.sqrt(max(1, len(ids)))))

    def meaning(self, embedding: NDArray[np.float32] | None) -> float:
        """min over classes of |still^T (embedding - centre)|^2; 0 without embeddings."""
        if embedding is None or not self.centres.size:
            return 0.0
        away = (embedding.astype(np.float64) - self.centres) @ self.still
        return float((away**2).sum(axis=1).min())
