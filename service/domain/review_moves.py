"""A review task's pure moves, by one transition table. An illegal move raises; nothing is mutated.

pending -> claimed -> resolved          claimed -> pending | escalated (released, lapsed)
claimed -> escalated (unsure, or no     claimed -> pending (verdict short of the quorum, or one
           verdict of all who are asked)           that those who gave it do not make sure)
resolved, and pending | escalated after an answer -> claimed (undo in time)
open -> expired (deadline) | cancelled
"""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict, Unpack

from service.domain.errors import (
    ExpertsOnly,
    IllegalMove,
    SecondAnswer,
    StaleLease,
    UndoWindowClosed,
)
from service.domain.ids import LeaseToken
from service.domain.review import (
    OPEN,
    WAITING,
    Answer,
    GivenAnswer,
    Lease,
    Reviewer,
    ReviewTask,
    TaskState,
    has_lapsed,
)


class Move(StrEnum):
    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    LAPSE = "lapse"
    ANSWER = "answer"
    UNDO = "undo"
    EXPIRE = "expire"
    CANCEL = "cancel"


LEGAL_FROM: dict[Move, frozenset[TaskState]] = {
    Move.CLAIM: WAITING,
    Move.RENEW: frozenset({TaskState.CLAIMED}),
    Move.RELEASE: frozenset({TaskState.CLAIMED}),
    Move.LAPSE: frozenset({TaskState.CLAIMED}),
    Move.ANSWER: frozenset({TaskState.CLAIMED}),
    Move.UNDO: WAITING | {TaskState.RESOLVED},
    Move.EXPIRE: OPEN,
    Move.CANCEL: OPEN,
}


def _demand(task: ReviewTask, move: Move) -> None:
    if task.state not in LEGAL_FROM[move]:
        raise IllegalMove(f"A task that is {task.state} cannot {move}.")


def _demand_lease(task: ReviewTask, token: str, holder: str, now: datetime) -> Lease:
    lease = task.lease
    if (
        lease is None
        or not hmac.compare_digest(lease.token.encode(), token.encode())
        or lease.holder != holder
        or now >= lease.expires_at
    ):
        raise StaleLease
    return lease


def claim(
    task: ReviewTask, reviewer: Reviewer, token: LeaseToken, now: datetime, lease_for: timedelta
) -> ReviewTask:
    """Take a waiting task (one whose lease lapsed counts as waiting) for `lease_for`."""
    waiting = lapse(task, now) if has_lapsed(task, now) else task
    _demand(waiting, Move.CLAIM)
    if now >= waiting.deadline_at:
        raise IllegalMove("The task's deadline has passed.")
    if waiting.state is TaskState.ESCALATED and not reviewer.expert:
        raise ExpertsOnly
    if any(given.reviewer == reviewer.name for given in waiting.answers):
        raise SecondAnswer
    lease = Lease(token=token, holder=reviewer.name, claimed_at=now, expires_at=now + lease_for)
    # From the task as it is stored: lapsed and claimed at once is still one revision.
    return _moved(
        task, state=TaskState.CLAIMED, claimed_from=waiting.state, lease=lease, settles_at=None
    )


def renew(
    task: ReviewTask, token: str, holder: str, now: datetime, lease_for: timedelta
) -> ReviewTask:
    """Keep a claimed task for another `lease_for` from now."""
    _demand(task, Move.RENEW)
    lease = _demand_lease(task, token, holder, now)
    return _moved(task, lease=replace(lease, expires_at=now + lease_for))


def release(task: ReviewTask, token: str, holder: str, now: datetime) -> ReviewTask:
    """Give a claimed task back to where it was claimed from."""
    _demand(task, Move.RELEASE)
    _demand_lease(task, token, holder, now)
    return _moved(task, state=task.claimed_from, lease=None)


def lapse(task: ReviewTask, now: datetime) -> ReviewTask:
    """A lease ran out: the task is free again, from where it was claimed."""
    _demand(task, Move.LAPSE)
    if not has_lapsed(task, now):
        raise IllegalMove("The lease has not lapsed yet.")
    return _moved(task, state=task.claimed_from, lease=None)


def answer(
    task: ReviewTask,
    token: str,
    given: GivenAnswer,
    undo_window: timedelta,
    sure: Callable[[ReviewTask], bool] = lambda _: True,
) -> ReviewTask:
    """Record an answer under a valid lease.

    Unsure escalates; a verdict that completes the quorum resolves, and settles after
    `undo_window`; a verdict short of it frees the task for somebody else. So does one of several
    that is not `sure`, seeing who gave it. Once `most_answers` have not settled it, an expert does.
    """
    _demand(task, Move.ANSWER)
    _demand_lease(task, token, given.reviewer, given.at)
    answered = _moved(
        task,
        lease=None,
        answers=(*task.answers, given),
        settles_at=given.at + undo_window if undo_window else None,
    )
    if given.answer is Answer.UNSURE:
        return replace(answered, state=TaskState.ESCALATED)
    enough = task.quorum == 1 or task.has_all_answers or sure(answered)
    if not (answered.settled_by(given) and enough):
        asked = TaskState.ESCALATED if answered.has_all_answers else task.claimed_from
        return replace(answered, state=asked)
    return replace(
        answered,
        state=TaskState.RESOLVED,
        resolved_at=given.at,
        settles_at=given.at + undo_window,
    )


def undo(
    task: ReviewTask, reviewer: str, token: LeaseToken, now: datetime, lease_for: timedelta
) -> ReviewTask:
    """Take one's own last answer back while nothing has come of it: its delivery has not left, and
    nobody else has the task. The task is claimed from where it was."""
    _demand(task, Move.UNDO)
    if not task.answers or task.answers[-1].reviewer != reviewer:
        raise StaleLease("Only the reviewer who decided can take the verdict back.", fix="")
    if task.settles_at is None or now >= task.settles_at:
        raise UndoWindowClosed
    lease = Lease(token=token, holder=reviewer, claimed_at=now, expires_at=now + lease_for)
    return _moved(
        task,
        state=TaskState.CLAIMED,
        lease=lease,
        answers=task.answers[:-1],
        resolved_at=None,
        settles_at=None,
    )


def expire(task: ReviewTask, now: datetime) -> ReviewTask:
    """The deadline passed with no verdict."""
    _demand(task, Move.EXPIRE)
    if now < task.deadline_at:
        raise IllegalMove("The deadline has not passed yet.")
    return _moved(task, state=TaskState.EXPIRED, lease=None)


def cancel(task: ReviewTask) -> ReviewTask:
    """Nobody needs the answer any more: no verdict, no delivery."""
    _demand(task, Move.CANCEL)
    return _moved(task, state=TaskState.CANCELLED, lease=None)


class _Changes(TypedDict, total=False):
    """What a move may change of a task, by the names of its fields."""

    state: TaskState
    claimed_from: TaskState
    lease: Lease | None
    answers: tuple[GivenAnswer, ...]
    resolved_at: datetime | None
    settles_at: datetime | None


def _moved(task: ReviewTask, **changes: Unpack[_Changes]) -> ReviewTask:
    # Each move is a new revision: a store that saves over another revision has lost a race.
    return replace(task, revision=task.revision + 1, **changes)
