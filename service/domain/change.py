"""Why there is another version of a gate, and who made it."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """What a version came from."""

    FILE = "file"  # what GATE_CONFIG says of the gate has changed
    PUT = "put"  # somebody changed it, by API or on the page
    CERTIFICATE = "certificate"  # labels proved other thresholds, or no longer prove them
    ADAPTATION = "adaptation"  # thresholds or panel followed what was seen
    ROLLBACK = "rollback"  # an earlier version was put back


BY_PEOPLE = frozenset({Cause.PUT, Cause.ROLLBACK})
"""What stands against the file: a change of the file does not undo what somebody did since."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The cause of a version, its author, why in their words, and which version it put back."""

    cause: Cause
    actor: str  # "person:lin", "key:ops", "learner", "configuration"
    note: str = ""
    restores: int | None = None
