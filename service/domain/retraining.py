"""A retraining: which challenger came of which data, and how the panel judged it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.domain.ids import GateName
from service.domain.values import Json


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """What came of the gate's `number`-th comparison, that of one champion on one version of the
    data set (`data`), judged by `judgement["judges"]`. `judgement` holds every figure, by name."""

    gate: GateName
    number: int
    at: datetime
    actor: str
    champion: str
    challenger: str
    data: str
    beats: bool
    judgement: Mapping[str, Json]


def comparison_of(history: Sequence[Retraining], champion: str, data: str, judges: str) -> int:
    """Which comparison of the gate it is, `history` newest first. The same champion on the same
    data, judged alike, is the same one, however often it is asked for: nothing new was seen."""
    for known in history:
        judged = known.judgement.get("judges")
        if (known.champion, known.data, judged) == (champion, data, judges):
            return known.number
    return max((known.number for known in history), default=0) + 1
