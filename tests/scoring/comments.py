"""Comments written for these tests, and how they are scored."""

import asyncio
import itertools

import numpy as np

from service.domain.decision import Item, Score
from service.scoring.onnx_scorer import OnnxScorer

FINE = [
    "The delivery was quick and the shoes fit perfectly.",
    "The battery lasts two days, but the screen scratches easily.",
    "Does anyone know if the museum is open on Sundays?",
    "Our flight was delayed for three hours and nobody told us why.",
    "What a beautiful morning, the coffee tastes great.",
]
ABUSIVE = [
    "You are an idiot and nobody likes you.",
    "Shut up, you stupid piece of trash.",
    "What an asshole.",
    "He is ugly and dumb as hell.",
]
WORDS = ["the", "screen", "of", "this", "phone", "is", "bright", "and", "plays", "music", "well"]


def texts_of_many_lengths(count: int) -> list[str]:
    lengths = itertools.cycle([3, 40, 12, 7, 90, 25, 5, 60])
    return [
        " ".join(WORDS[(start + step) % len(WORDS)] for step in range(length))
        for start, length in zip(range(count), lengths, strict=False)
    ]


def scored(scorer: OnnxScorer, texts: list[str]) -> list[Score]:
    async def all_scores() -> list[Score]:
        return await asyncio.gather(*(scorer.score(Item(text=text)) for text in texts))

    return asyncio.run(all_scores())


def acceptable(scorer: OnnxScorer, texts: list[str]) -> np.ndarray:
    return np.array([score.probabilities["acceptable"] for score in scored(scorer, texts)])
