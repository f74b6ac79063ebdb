"""What carries a verdict to where it is waited for."""

from typing import Protocol

from service.domain.decision import Decision
from service.domain.delivery import Delivery, Proof
from service.domain.ids import TaskId
from service.domain.outcome import Outcome


class DeliveryFailed(Exception):
    """This try did not work. `retry_after` in seconds is the receiver's wish, where it had one."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class DeliveryDead(Exception):
    """No try can work. `reason` is for people: what happened and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AttemptLog(Protocol):
    """What an attempt must remember even if the process dies in its middle."""

    def submitted(self) -> None:
        """The receiver stored our message: durable before this returns."""
        ...

    def taken_by(self) -> str | None:
        """The run that has taken this decision's verdict (`get_review`), where one has."""
        ...


class Resumer(Protocol):
    def resume(self, delivery: Delivery, log: AttemptLog) -> Proof:
        """Deliver, and prove that the workflow went on. Blocking; run in a worker thread.

        `delivery.submitted_at` is set where an earlier try was already stored by the receiver.
        Raises DeliveryFailed (try again later) or DeliveryDead (a person must look).
        """
        ...


class MessageWriter(Protocol):
    def write(self, decision: Decision, task_id: TaskId, outcome: Outcome) -> bytes:
        """The resume message, written once and frozen: every try sends the same bytes."""
        ...
