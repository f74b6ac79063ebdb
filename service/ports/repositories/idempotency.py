"""Answers kept under the keys of their requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class KeyedAnswer:
    """An answer to be stored under its key. `fingerprint` identifies the request."""

    principal: str
    key: str
    fingerprint: str
    answer: dict[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """What was answered to a request with an Idempotency-Key."""

    fingerprint: str
    answer: dict[str, Any]


class Idempotency(Protocol):
    def find(self, principal: str, key: str) -> StoredAnswer | None:
        """What was answered; None where the key is free, or its request still in flight."""
        ...

    def claim(self, principal: str, key: str, fingerprint: str, now: datetime) -> bool:
        """Reserve the key for this transaction; False where it is taken. A claim that loses a race
        waits for the other transaction's end first."""
        ...

    def store(self, principal: str, key: str, answer: dict[str, Any]) -> None: ...

    def keep(self, answers: Sequence[KeyedAnswer]) -> set[tuple[str, str]]:
        """Claim the keys that are free, and store their answers with them; the (principal, key) of
        those. No key may be there twice. Waits as `claim` does."""
        ...

    def forget_before(self, moment: datetime) -> int: ...
