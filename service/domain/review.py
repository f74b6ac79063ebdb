"""The review task: an item that waits for people, what they answer, and what they agree on."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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


WAITING = frozenset({TaskState.PENDING, TaskState.ESCALATED})
OPEN = WAITING | {TaskState.CLAIMED}


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


def has_lapsed(task: ReviewTask, now: datetime) -> bool:
    return (
        task.state is TaskState.CLAIMED and task.lease is not None and now >= task.lease.expires_at
    )
