"""What a bundle says of items, as it is served; and the features that a head sees."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.confidence.members import rows_of
from service.confidence.signals import raw_of_score
from service.domain.errors import InvalidInput, ScorerFailed
from service.retraining.fitting import Measured
from service.retraining.lessons import Lesson
from service.scoring.answer import Answer
from service.scoring.bundle import Bundle
from service.scoring.fields import FEATURES
from service.scoring.learned_head import log_odds
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.readers import make_reader
from service.scoring.reading import ReaderKind

AT_ONCE = 256
"""Items handed to the scorer together: enough to fill its batches, few enough for its queue."""

type Floats = NDArray[np.float64]
type OpenScorer = Callable[[Bundle], OnnxScorer]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scored:
    """The items that the bundle reads, and of each raw P(approving is right), shape (items,), and
    where it has several opinions their `spreads` (items, 3)."""

    lessons: Sequence[Lesson]
    raw: Floats
    spreads: Floats | None
    answers: Sequence[Answer]

    @property
    def right(self) -> Floats:
        """The labels, 1 where approving is right."""
        return np.array([lesson.right for lesson in self.lessons], dtype=np.float64)

    def of(self, places: Sequence[int]) -> Self:
        """Those at these places."""
        return type(self)(
            lessons=[self.lessons[place] for place in places],
            raw=self.raw[list(places)],
            spreads=None if self.spreads is None else self.spreads[list(places)],
            answers=[self.answers[place] for place in places],
        )


def scored(bundle: Bundle, lessons: Sequence[Lesson], open_scorer: OpenScorer) -> Scored:
    """What the bundle says of the items; those that it cannot read are left out."""
    scorer = open_scorer(bundle)
    try:
        found = asyncio.run(_answers(scorer, lessons))
    finally:
        scorer.close()
    read = [(one, answer) for one, answer in zip(lessons, found, strict=True) if answer]
    raw = [
        raw_of_score(answer.score, labels=bundle.labels, approve_labels=bundle.approve_labels)
        for _, answer in read
    ]
    spreads = [one.spread for one in raw if one.spread is not None]
    return Scored(
        lessons=[one for one, _ in read],
        raw=np.array([one.value for one in raw]),
        spreads=rows_of(spreads) if raw and len(spreads) == len(raw) else None,
        answers=[answer for _, answer in read],
    )


async def _answers(scorer: OnnxScorer, lessons: Sequence[Lesson]) -> list[Answer | None]:
    async def ask(lesson: Lesson) -> Answer | None:
        try:
            return await scorer.answer(lesson.item)
        except ScorerFailed:
            return None

    found: list[Answer | None] = []
    for start in range(0, len(lessons), AT_ONCE):
        found += await asyncio.gather(*map(ask, lessons[start : start + AT_ONCE]))
    return found


def measured(bundle: Bundle, scores: Scored) -> Measured:
    """The items as a head sees them. Raises InvalidInput where the bundle shows it nothing."""
    if bundle.reader is ReaderKind.FIELDS:
        reader = make_reader(bundle)
        rows = [reader.read(one.item).rows[FEATURES] for one in scores.lessons]
    else:
        rows = [answer.embedding for answer in scores.answers if answer.embedding is not None]
    if len(rows) != len(scores.lessons):
        raise InvalidInput(
            f"{bundle.version} gives no embedding of a text, so no head can be learned on it.",
            fix="Train it anew with `model train`, whose bundles give one.",
        )
    return Measured(odds=log_odds(scores.raw), x=np.array(rows, dtype=np.float64), y=scores.right)
