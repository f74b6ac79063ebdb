"""Idempotency: one key, one effect. The answer is stored in the effect's own transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.errors import IdempotencyInFlight, IdempotencyMismatch
from service.ports.repositories.idempotency import KeyedAnswer, StoredAnswer
from service.ports.store import Transaction


@dataclass(frozen=True, kw_only=True)
class IdempotentRequest[T]:
    """A request that its sender may repeat under the same key.

    `fingerprint` identifies the request (route and body), so that a key cannot be used for two.
    `encode` makes the answer that is stored out of what the use case returns.
    """

    principal: str
    key: str
    fingerprint: str
    encode: Callable[[T], dict[str, Any]]

    def answered(self, result: T, at: datetime) -> KeyedAnswer:
        """The answer with its key, ready to be stored."""
        return KeyedAnswer(
            principal=self.principal,
            key=self.key,
            fingerprint=self.fingerprint,
            answer=self.encode(result),
            at=at,
        )


class AlreadyAnswered(Exception):
    """This very request was answered before: `answer` is told again, and nothing else is done."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


@contextmanager
def once[T](
    tx: Transaction, request: IdempotentRequest[T] | None, now: datetime
) -> Iterator[Callable[[T], T]]:
    """Reserve the request's key for the effect of the block. The block hands its result to the
    function it is given, which stores the answer and returns the result.

    Raises AlreadyAnswered, IdempotencyMismatch, IdempotencyInFlight. Nothing is reserved or stored
    where there is no request: its sender will not repeat it.
    """
    if request is None:
        yield lambda result: result
        return
    if not tx.idempotency.claim(request.principal, request.key, request.fingerprint, now):
        demand_unanswered(tx, request)
        raise IdempotencyInFlight

    def answered(result: T) -> T:
        tx.idempotency.store(request.principal, request.key, request.encode(result))
        return result

    yield answered


def demand_unanswered(tx: Transaction, request: IdempotentRequest[Any] | None) -> None:
    """Raises AlreadyAnswered where this request was answered before, and IdempotencyMismatch where
    its key belongs to another request."""
    if request is None:
        return
    stored = tx.idempotency.find(request.principal, request.key)
    if stored is not None:
        raise refusal(stored, request.fingerprint)


def refusal(stored: StoredAnswer, fingerprint: str) -> AlreadyAnswered | IdempotencyMismatch:
    """Why the request with this fingerprint has no effect, given what is stored under its key."""
    if stored.fingerprint != fingerprint:
        return IdempotencyMismatch()
    return AlreadyAnswered(stored.answer)
