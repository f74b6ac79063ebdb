"""Scores as the service gives them, for calibration and the report: same code, same batches."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.data import LabelledText
from service.confidence.estimators import from_probabilities
from service.domain.decision import Item
from service.domain.errors import ScorerFailed
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer


def raw_scores(
    folder: Path, items: Sequence[LabelledText], *, largest_batch: int = 32
) -> np.ndarray:
    """The raw P(approving is right) of every text by the bundle in `folder`, shape (items,).

    NaN where the scorer refuses a text, as it does one in a script that it cannot read.
    """
    bundle = load_bundle(folder)
    scorer = OnnxScorer(bundle, largest_batch=largest_batch, queue_limit=2 * len(items))

    async def raw_score(item: LabelledText) -> float:
        try:
            score = await scorer.score(Item(text=item.text))
        except ScorerFailed:
            return float("nan")
        return from_probabilities(
            score.probabilities, labels=bundle.labels, approve_labels=bundle.approve_labels
        )

    async def all_raw_scores() -> list[float]:
        return await asyncio.gather(*map(raw_score, items))

    try:
        return np.array(asyncio.run(all_raw_scores()))
    finally:
        scorer.close()
