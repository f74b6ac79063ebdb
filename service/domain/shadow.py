"""A shadow: a candidate policy that is tried on a gate's live items, and decides none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from service.domain.decision import Spread, Zone
from service.domain.ids import DecisionId


class ShadowState(StrEnum):
    """How a shadow stands. Only a running one takes part in what comes in."""

    RUNNING = "running"
    STOPPED = "stopped"
    ADOPTED = "adopted"  # its candidate was put in force


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """The gate's shadow of that number, begun while version `over` was in force.

    `document` is the candidate with what it had earned by then: what is learned later speaks of it
    and takes no part in it. It `judges` where it scores otherwise than the gate does, so that each
    item must be judged as it comes; else what it would have done follows from the scores recorded.
    """

    gate: str
    number: int
    over: int
    document: Mapping[str, Any]
    judges: bool
    started_at: datetime
    started_by: str
    note: str = ""
    state: ShadowState = ShadowState.RUNNING
    ended_at: datetime | None = None
    ended_by: str | None = None

    def ended(self, state: ShadowState, actor: str, at: datetime) -> Self:
        """The shadow at its end."""
        return replace(self, state=state, ended_by=actor, ended_at=at)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a shadow's candidate would have done with an item, by its own score."""

    gate: str
    number: int
    decision_id: DecisionId
    zone: Zone
    confidence: float | None
    raw_score: float | None
    spread: Spread | None
    source: str | None
