"""Where an answered item stands, told honestly: sent is not confirmed, and failed is failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from service.domain.access import Principal
from service.domain.decision import Item, ResumeMode
from service.domain.delivery import BACKOFF, Delivery, DeliveryState
from service.domain.ids import TaskId
from service.domain.outcome import Verdict
from service.domain.review import WAITING, ReviewTask, TaskState
from service.usecases.review.views import TaskView

MOST_TRIES = len(BACKOFF) + 1


class Step(StrEnum):
    """What is true of an answered item now."""

    UNDOABLE = "undoable"  # decided; the message has not left yet
    SENDING = "sending"
    SENT = "sent"  # the receiver stored it; that the workflow went on is not proven yet
    RETRYING = "retrying"
    RESUMED = "resumed"  # proven
    RECEIVED = "received"  # a webhook: its 2xx is all there can be
    FAILED = "failed"
    ASKED_FOR = "asked_for"  # hold: the workflow comes and asks
    RECORDED = "recorded"  # nobody waits for a message
    ESCALATED = "escalated"
    SECOND_NEEDED = "second_needed"
    SKIPPED = "skipped"  # given back by the viewer, and nobody has it yet
    REOPENED = "reopened"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_MAY_CHANGE = frozenset({Step.UNDOABLE, Step.SENDING, Step.SENT, Step.RETRYING})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One item's state after an answer. `undo_left` is None where no answer can be taken back."""

    task_id: TaskId
    excerpt: str
    step: Step
    verdict: Verdict | None
    by: str | None = None
    decided_at: datetime | None = None
    undo_left: timedelta | None = None
    next_try_in: timedelta | None = None
    tries: int = 0
    reason: str | None = None

    @property
    def may_change(self) -> bool:
        """Whether the page should keep looking."""
        return self.step in _MAY_CHANGE or self.undo_left is not None

    @property
    def can_undo(self) -> bool:
        return self.undo_left is not None or self.step is Step.SKIPPED


def standing_of(
    view: TaskView, viewer: Principal, now: datetime, *, skipped: bool = False
) -> Standing:
    """`skipped` where the viewer gave the item back a moment ago."""
    task, delivery = view.task, view.delivery
    step = _step(view, viewer, now)
    if skipped and step is Step.REOPENED and task.state in WAITING:
        step = Step.SKIPPED
    deciding = task.deciding_answer
    retrying = delivery if delivery and step is Step.RETRYING else None
    return Standing(
        task_id=task.id,
        excerpt=excerpt_of(view.decision.item),
        step=step,
        verdict=task.verdict if task.state is TaskState.RESOLVED else None,
        by=deciding.reviewer if deciding else None,
        decided_at=task.resolved_at,
        undo_left=_undo_left(task, viewer, now),
        next_try_in=retrying.next_attempt_at - now if retrying else None,
        tries=delivery.attempts if delivery else 0,
        reason=delivery.reason if delivery and step in (Step.RETRYING, Step.FAILED) else None,
    )


def _undo_left(task: ReviewTask, viewer: Principal, now: datetime) -> timedelta | None:
    """How long the viewer's answer can still be taken back."""
    is_mine = bool(task.answers) and task.answers[-1].reviewer == viewer.name
    if not is_mine or task.settles_at is None or task.state not in (*WAITING, TaskState.RESOLVED):
        return None
    return task.settles_at - now if now < task.settles_at else None


def _step(view: TaskView, viewer: Principal, now: datetime) -> Step:
    task = view.task
    match task.state:
        case TaskState.RESOLVED:
            if task.settles_at is not None and now < task.settles_at:
                return Step.UNDOABLE
            return _delivery_step(view.decision.resume.mode, view.delivery)
        case TaskState.EXPIRED:
            return Step.EXPIRED
        case TaskState.CANCELLED:
            return Step.CANCELLED
        case TaskState.PENDING | TaskState.CLAIMED | TaskState.ESCALATED:
            return _open_step(task, viewer)
        case _ as unreachable:
            assert_never(unreachable)


def _open_step(task: ReviewTask, viewer: Principal) -> Step:
    if all(given.reviewer != viewer.name for given in task.answers):
        return Step.REOPENED
    waits_as = task.claimed_from if task.state is TaskState.CLAIMED else task.state
    return Step.SECOND_NEEDED if waits_as is TaskState.PENDING else Step.ESCALATED


def _delivery_step(mode: ResumeMode, delivery: Delivery | None) -> Step:
    if delivery is None:
        return Step.ASKED_FOR if mode is ResumeMode.HOLD else Step.RECORDED
    match delivery.state:
        case DeliveryState.PENDING if delivery.reason is not None:
            return Step.RETRYING
        case DeliveryState.PENDING:
            return Step.SENDING if delivery.submitted_at is None else Step.SENT
        case DeliveryState.DELIVERED:
            return Step.RECEIVED if mode is ResumeMode.WEBHOOK else Step.RESUMED
        case DeliveryState.DEAD:
            return Step.FAILED
        case DeliveryState.CANCELLED:
            return Step.REOPENED
        case _ as unreachable:
            assert_never(unreachable)


LONGEST_EXCERPT = 120


def excerpt_of(item: Item) -> str:
    """The beginning of the item, on one line."""
    text = item.text or " · ".join(f"{name}: {value}" for name, value in item.fields.items())
    line = " ".join(text[: 4 * LONGEST_EXCERPT].split())
    return line if len(line) <= LONGEST_EXCERPT else line[: LONGEST_EXCERPT - 1] + "…"
