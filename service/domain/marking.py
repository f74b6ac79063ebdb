"""Stretches of a text that a reviewer must be shown as what they are."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    UNREADABLE = "unreadable"  # the model cannot read it
    GAP = "gap"  # blank room with more text behind it
    INVISIBLE = "invisible"  # characters that do not show
    REORDERED = "reordered"  # a character that changes the order in which text shows


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """From `start` up to `end` of a text; `says` is what invisible characters spell, if text."""

    start: int
    end: int
    mark: Mark
    says: str = ""
