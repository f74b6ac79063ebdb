"""The review task: one transition table and pure moves. An illegal move raises; nothing is mutated.

pending -> claimed -> resolved          claimed -> pending | escalated (released, lapsed)
claimed -> escalated (unsure, or no     claimed -> pending (verdict short of the quorum, or one
           verdict of all who are asked)           that those who gave it do not make sure)
resolved -> claimed (undo in time)      open -> expired (deadline) | cancelled
"""

import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.errors import (
    ExpertsOnly,
    IllegalMove,
    SecondAnswer,
    StaleLease,
    UndoWindowClosed,
)
from service.domain.ids import DecisionId, GateName, LeaseToken, TaskId
from service.domain.outcome import Verdict
from service.domain.values import Json


class TaskState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Move(StrEnum):
    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    LAPSE = "lapse"
    ANSWER = "answer"
    UNDO = "undo"
    EXPIRE = "expire"
    CANCEL = "cancel"


WAITING = frozenset({TaskState.PENDING, TaskState.ESCALATED})
OPEN = WAITING | {TaskState.CLAIMED}

LEGAL_FROM: dict[Move, frozenset[TaskState]] = {
    Move.CLAIM: WAITING,
    Move.RENEW: frozenset({TaskState.CLAIMED}),
    Move.RELEASE: frozenset({TaskState.CLAIMED}),
    Move.LAPSE: frozenset({TaskState.CLAIMED}),
    Move.ANSWER: frozenset({TaskState.CLAIMED}),
    Move.UNDO: frozenset({TaskState.RESOLVED}),
    Move.EXPIRE: OPEN,
    Move.CANCEL: OPEN,
}


class Answer(StrEnum):
    """What a reviewer may say."""

    APPROVE = "approve"
    REJECT = "reject"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Who reviews. `name` identifies the person across tasks; experts may take escalated tasks."""

    name: str
    expert: bool = False


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A claim in time: only its holder, with its token, before it lapses, may answer."""

    token: LeaseToken
    holder: str
    claimed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """One person's answer, as it was given."""

    reviewer: str
    answer: Answer
    comment: str
    edited_result: Json
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewTask:
    """An item that waits for people. `priority`: larger is more urgent.

    An `audit` task asks about an item that the gate has decided already: its answer is a label,
    and changes nothing else.
    """

    id: TaskId
    decision_id: DecisionId
    gate: GateName
    state: TaskState
    priority: float
    created_at: datetime
    deadline_at: datetime
    quorum: int = 1
    claimed_from: TaskState = TaskState.PENDING
    lease: Lease | None = None
    answers: tuple[GivenAnswer, ...] = ()
    resolved_at: datetime | None = None
    settles_at: datetime | None = None
    audit: bool = False
    revision: int = 0

    @property
    def verdict(self) -> Verdict | None:
        """The verdict the quorum agreed on; None while there is none."""
        agreed = self._agreed
        return None if agreed is None else Verdict(agreed[0].value)

    @property
    def most_answers(self) -> int:
        """So many people are asked what to do; then an expert decides alone."""
        return 2 * self.quorum + 1

    @property
    def has_all_answers(self) -> bool:
        """Whether as many have answered as are asked."""
        return len(self._votes) >= self.most_answers

    @property
    def _votes(self) -> list[tuple[Answer, str]]:
        """Two agree who reject, or who approve the same result: an approval with an edit lets
        through something else than one without."""
        return [_vote(given) for given in self.answers if given.answer is not Answer.UNSURE]

    @property
    def _agreed(self) -> tuple[Answer, str] | None:
        votes = self._votes
        if len(votes) > self.most_answers:
            return votes[-1]
        if not votes:
            return None
        (vote, most), *others = Counter(votes).most_common(2)
        tie = any(count == most for _, count in others)
        return vote if most >= self.quorum and not tie else None

    def settled_by(self, given: GivenAnswer) -> bool:
        """Whether the answer is the one that the task ends with."""
        return self._agreed == _vote(given)

    @property
    def deciding_answer(self) -> GivenAnswer | None:
        """The answer that completed the quorum."""
        return self.answers[-1] if self.state is TaskState.RESOLVED and self.answers else None


def _vote(given: GivenAnswer) -> tuple[Answer, str]:
    edited = given.answer is Answer.APPROVE
    return given.answer, json.dumps(given.edited_result, sort_keys=True) if edited else ""


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
    return _moved(task, state=TaskState.CLAIMED, claimed_from=waiting.state, lease=lease)


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


def has_lapsed(task: ReviewTask, now: datetime) -> bool:
    return (
        task.state is TaskState.CLAIMED and task.lease is not None and now >= task.lease.expires_at
    )


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
    answered = _moved(task, lease=None, answers=(*task.answers, given))
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
    """Take one's own deciding answer back while its delivery has not left; the task is claimed."""
    _demand(task, Move.UNDO)
    deciding = task.deciding_answer
    if deciding is None or deciding.reviewer != reviewer:
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


def _moved(task: ReviewTask, **changes: object) -> ReviewTask:
    # Each move is a new revision: a store that saves over another revision has lost a race.
    return replace(task, revision=task.revision + 1, **changes)  # type: ignore[arg-type]
