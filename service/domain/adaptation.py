"""How a gate runs within what it has earned: its mode, and how much stricter than proven."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """Where a gate stands with its contract; `thresholds/safety/transitions.py` has the moves."""

    LEARNING = "learning"
    OPEN = "open"
    SAFE = "safe"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """What watching the gate has led to, on top of its certificate; never less strict than that.

    `level` is the sureness, max(c, 1 - c), that an automatic answer needs besides; None for what
    the certificate asks alone. `panel_share` is the least share of items that the panel draws.
    Labels from before `labels_since` no longer count: the world has changed since.
    """

    mode: Mode
    cause: str
    since: datetime
    level: float | None = None
    panel_share: float = 0.0
    labels_since: datetime | None = None
