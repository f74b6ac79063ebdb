"""Review tasks: listing, reading, claiming, deciding, giving back, taking back."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from plugin.contract.decisions import (
    FinalVerdict,
    GuardFinding,
    Item,
    Outcome,
    RiskLevel,
    Thresholds,
)
from plugin.contract.values import Answer, Comment, Id, Json, Name, Request

MAX_CLAIM = 50
MAX_PAGE = 200
DEFAULT_PAGE = 50

TaskState = Literal["pending", "claimed", "escalated", "resolved", "expired", "cancelled"]
ReviewerVerdict = Literal["approve", "reject", "unsure"]


class TaskSummary(Answer):
    """One row of the queue."""

    task_id: str
    decision_id: str
    gate: str
    state: TaskState
    priority: float
    category: str | None = None
    risk_level: RiskLevel | None = None
    created_at: AwareDatetime
    deadline: AwareDatetime
    claimed_by: str | None = None


class Task(TaskSummary):
    """All that a reviewer sees. A gate with a panel hides suggestion and confidence at first."""

    item: Item
    ai_result: Json = None
    suggestion: FinalVerdict | None = None
    """The side the confidence leans to."""
    confidence: float | None = None
    label: str | None = None
    reason: str
    thresholds: Thresholds
    guards: list[GuardFinding] = Field(default_factory=list)
    signals_unreadable: str | None = None
    """What the workflow sent in the place of signals, where it could not be read."""
    metadata: dict[str, Json] = Field(default_factory=dict)
    outcome: Outcome | None = None


class TaskPage(Answer):
    """Answer of `GET /v1/tasks`, by priority."""

    tasks: list[TaskSummary]
    next_cursor: str | None = None


class ClaimRequest(Request):
    """Body of `POST /v1/tasks/claim`; without `gate`, from every gate the caller may review."""

    gate: Name | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_CLAIM)] = 1


class ClaimedTask(Task):
    """A task with the lease that its holder shows to decide, renew or release it.

    Also the answer of `POST /v1/tasks/{id}/undo`, which claims the task anew.
    """

    lease_token: str
    lease_expires_at: AwareDatetime


class ClaimResponse(Answer):
    """The tasks claimed; empty where nothing waits."""

    tasks: list[ClaimedTask]


class TaskDecisionRequest(Request):
    """Body of `POST /v1/tasks/{id}/decision`."""

    verdict: ReviewerVerdict
    lease_token: Id
    comment: Comment | None = None
    edited_result: Json = None
    """What goes on in the place of `ai_result`; `None` leaves it as it is."""


class TaskDecisionResponse(Answer):
    """The task after the verdict: resolved, escalated, or pending again short of a quorum."""

    task_id: str
    decision_id: str
    state: TaskState
    undo_until: AwareDatetime | None = None
    outcome: Outcome | None = None


class LeaseRequest(Request):
    """Body of `POST /v1/tasks/{id}/release` and `/renew`."""

    lease_token: Id


class LeaseResponse(Answer):
    """Answer of `/renew`: the same lease, with its new end."""

    task_id: str
    lease_token: str
    lease_expires_at: AwareDatetime


class ReleaseResponse(Answer):
    """Answer of `/release`: the state the task went back to."""

    task_id: str
    state: TaskState
