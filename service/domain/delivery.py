"""The delivery: the message that resumes a workflow. A machine of its own, apart from the task.

pending -> delivered        pending -> pending (backoff)     pending -> dead
pending -> cancelled (undo) dead -> pending (a manager replays it)
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.decision import ResumeMode
from service.domain.errors import IllegalDeliveryMove
from service.domain.ids import AppName, DecisionId, DeliveryId, GateName, TaskId


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


BACKOFF = tuple(
    timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Waits between tries (Standard Webhooks 1.0.0). After the last one the delivery is dead."""

LONGEST_WISH = timedelta(days=1)
"""A receiver's Retry-After is honoured up to this: it cannot put a delivery off for good."""

JITTER = 0.1
"""Each wait is stretched by up to this share, so that a crowd of retries spreads out."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Why we believe that the workflow went on, in the contract's terms."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One resume message. `body` is frozen when made; its id de-duplicates at the receiver."""

    id: DeliveryId
    task_id: TaskId
    decision_id: DecisionId
    gate: GateName
    mode: ResumeMode
    app: AppName | None
    run_id: str | None
    user: str | None
    body: bytes
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    submitted_at: datetime | None = None
    reason: str | None = None
    proof: Proof | None = None
    finished_at: datetime | None = None


def _demand(delivery: Delivery, move: str, *states: DeliveryState) -> None:
    if delivery.state not in states:
        raise IllegalDeliveryMove(f"A delivery that is {delivery.state} cannot be {move}.")


def attempt(delivery: Delivery) -> Delivery:
    """Count a try before it is made, so that a crash in its middle counts too."""
    _demand(delivery, "tried", DeliveryState.PENDING)
    return replace(delivery, attempts=delivery.attempts + 1)


def submitted(delivery: Delivery, now: datetime) -> Delivery:
    """The receiver stored our message (its 200 is ours), though the resume is not proven yet."""
    _demand(delivery, "submitted", DeliveryState.PENDING)
    return replace(delivery, submitted_at=delivery.submitted_at or now)


def delivered(delivery: Delivery, proof: Proof, now: datetime) -> Delivery:
    """The workflow went on, and we can say why we believe it."""
    _demand(delivery, "delivered", DeliveryState.PENDING)
    return replace(
        delivery, state=DeliveryState.DELIVERED, proof=proof, reason=None, finished_at=now
    )


def failed(
    delivery: Delivery,
    reason: str,
    now: datetime,
    *,
    retry_after: timedelta | None = None,
    jitter: Callable[[], float] = random.random,
) -> Delivery:
    """A try failed and may work later: wait by the schedule, or die after the last try.

    `retry_after` is the receiver's own wish, honoured where it is longer than the schedule's wait
    (up to LONGEST_WISH).
    """
    _demand(delivery, "failed", DeliveryState.PENDING)
    if delivery.attempts > len(BACKOFF):
        return dead(delivery, f"{reason} (gave up after {delivery.attempts} tries)", now)
    wait = BACKOFF[max(delivery.attempts, 1) - 1] * (1 + JITTER * jitter())
    wait = max(wait, min(retry_after or timedelta(0), LONGEST_WISH))
    return replace(delivery, reason=reason, next_attempt_at=now + wait)


def put_off(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """We broke the try off ourselves, to stop: it is made again as soon as anybody can."""
    _demand(delivery, "put off", DeliveryState.PENDING)
    return replace(delivery, reason=reason, next_attempt_at=now)


def dead(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """No try can help: a person must look. The verdict stands all the same."""
    _demand(delivery, "given up", DeliveryState.PENDING)
    return replace(delivery, state=DeliveryState.DEAD, reason=reason, finished_at=now)


def cancelled(delivery: Delivery, now: datetime) -> Delivery:
    """The verdict was taken back in time, before the message left."""
    _demand(delivery, "cancelled", DeliveryState.PENDING)
    if delivery.attempts or delivery.submitted_at or now >= delivery.next_attempt_at:
        raise IllegalDeliveryMove("The message may have left: it cannot be cancelled.")
    return replace(delivery, state=DeliveryState.CANCELLED, reason="taken back", finished_at=now)


def replayed(delivery: Delivery, now: datetime) -> Delivery:
    """A manager sends a dead letter again, from the first step of the schedule."""
    _demand(delivery, "replayed", DeliveryState.DEAD)
    return replace(
        delivery,
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=now,
        reason=None,
        finished_at=None,
    )
