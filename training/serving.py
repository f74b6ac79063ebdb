"""What a bundle says of many texts, as the service would say it: same code, same batches.

The reports and the experiments read scores here, and import nothing else of the training.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora import LabelledText
from service.confidence.calibrators import Choice
from service.confidence.estimators import from_probabilities
from service.confidence.member_calibrator import choose
from service.confidence.members import rows_of
from service.domain.decision import Item, Score, Spread
from service.domain.errors import ScorerFailed
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.readers import make_reader
from service.scoring.reading import Inputs

type Read = list[tuple[Inputs, NDArray[np.float32] | None]]
"""Of each text what the model is given, and its embedding where the bundle has one."""

UNKNOWN = Spread(
    agreement=float("nan"), mutual_information=float("nan"), mean_log_probability=float("nan")
)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a bundle says of texts: `raw` P(approving is right), shape (items,), NaN where it
    refuses a text, as it does one in a script that it cannot read; where it has several opinions,
    `spreads` of shape (items, 3), too."""

    raw: np.ndarray
    spreads: np.ndarray | None

    @property
    def read(self) -> np.ndarray:
        """Which texts it did not refuse."""
        found: np.ndarray = np.isfinite(self.raw)
        return found

    def of(self, chosen: np.ndarray) -> "Served":
        """What it says of the chosen texts."""
        spreads = None if self.spreads is None else self.spreads[chosen]
        return Served(raw=self.raw[chosen], spreads=spreads)


def served(folder: Path, items: Sequence[LabelledText], *, largest_batch: int = 32) -> Served:
    """What the bundle in `folder` says of every text."""
    bundle = load_bundle(folder)
    scorer = OnnxScorer(bundle, largest_batch=largest_batch, queue_limit=2 * len(items))

    async def score(item: LabelledText) -> Score | None:
        try:
            return await scorer.score(Item(text=item.text))
        except ScorerFailed:
            return None

    def raw(score: Score | None) -> float:
        if score is None:
            return float("nan")
        return from_probabilities(
            score.probabilities, labels=bundle.labels, approve_labels=bundle.approve_labels
        )

    async def all_scores() -> list[Score | None]:
        return await asyncio.gather(*map(score, items))

    try:
        scores = asyncio.run(all_scores())
    finally:
        scorer.close()
    spreads = [UNKNOWN if score is None else score.spread for score in scores]
    return Served(
        raw=np.array([raw(score) for score in scores]),
        spreads=None if None in spreads else rows_of([s for s in spreads if s is not None]),
    )


def raw_scores(
    folder: Path, items: Sequence[LabelledText], *, largest_batch: int = 32
) -> np.ndarray:
    """The raw P(approving is right) of every text by the bundle in `folder`, shape (items,); NaN
    where it refuses one."""
    return served(folder, items, largest_batch=largest_batch).raw


def best_calibrator(folder: Path, items: Sequence[LabelledText]) -> Choice:
    """The calibrator that suits what the bundle in `folder` says of the items."""
    found, labels = served(folder, items), np.array([item.label for item in items])
    known = found.of(found.read)
    return choose(known.raw, labels[found.read], known.spreads)


def read(folder: Path, items: Sequence[LabelledText]) -> tuple[Read, list[int]]:
    """What the bundle's model is given and gives for each text that it can read, and its label."""
    bundle = load_bundle(folder)
    reader, scorer = make_reader(bundle), OnnxScorer(bundle, queue_limit=2 * len(items) + 2)

    async def embedded(text: str) -> NDArray[np.float32] | None:
        try:
            return await scorer.embed(text)
        except ScorerFailed:
            return None

    async def all_embedded() -> list[NDArray[np.float32] | None]:
        if not scorer.embeds:
            return [None] * len(items)
        return await asyncio.gather(*(embedded(item.text) for item in items))

    try:
        embeddings = asyncio.run(all_embedded())
        found: Read = []
        labels = []
        for item, embedding in zip(items, embeddings, strict=True):
            if scorer.embeds and embedding is None:
                continue
            try:
                found.append((reader.read(Item(text=item.text)), embedding))
            except ScorerFailed:
                continue
            labels.append(item.label)
    finally:
        scorer.close()
    return found, labels
