"""What the templates show of a task: each value ready, no rule left to a template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.domain.access import Principal, Scope
from service.domain.decision import Assessment, Thresholds
from service.domain.review import OPEN, WAITING, GivenAnswer, ReviewTask, TaskState, has_lapsed
from service.domain.values import Json
from service.usecases.review.views import TaskView
from service.web.pages.standing import Standing, excerpt_of, standing_of
from service.web.pages.suggestion import Caveat, Suggestion, caveat_of, suggestion_of

DUE_SOON = timedelta(hours=1)
ONE_LINE = 60


class Hand(StrEnum):
    """Whose move it is, as the viewer sees it."""

    MINE = "mine"  # claimed by the viewer, who may answer
    FREE = "free"  # waits, and the viewer may take it
    THEIRS = "theirs"  # somebody else has it
    EXPERTS = "experts"  # waits for an expert, which the viewer is not
    ANSWERED = "answered"  # waits for somebody else than the viewer, who answered before
    WATCHED = "watched"  # waits, and the viewer may look but not review
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The confidence and the three zones on a line from 0 to 100; a closed side has no zone."""

    at: float | None
    low: float
    high: float

    @classmethod
    def of(cls, assessment: Assessment, thresholds: Thresholds) -> "Scale":
        c = assessment.confidence
        return cls(
            at=None if c is None else 100 * c,
            low=100 * (thresholds.low or 0),
            high=100 * (1 if thresholds.high is None else thresholds.high),
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A task in a list."""

    id: str
    excerpt: str
    gate: str
    state: TaskState
    risk: str
    category: str | None
    confidence: float | None
    since: datetime
    age: timedelta
    due_at: datetime
    due_in: timedelta
    due_soon: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """A task on its own page."""

    row: Row
    text: str | None
    fields: Mapping[str, str]
    ai_result: str | None
    ai_result_is_json: bool
    label: str | None
    suggestion: Suggestion | None
    caveat: Caveat | None
    blind: bool
    scale: Scale
    thresholds: Thresholds
    reason: str
    model: str | None
    notes: tuple[str, ...]
    signals_unreadable: str | None
    answers: tuple[GivenAnswer, ...]
    hand: Hand
    for_expert: bool
    holder: str | None
    lease_token: str
    renew_seconds: int
    facts: Mapping[str, str]
    standing: Standing


def row_of(view: TaskView, now: datetime) -> Row:
    task, decision = view.task, view.decision
    due_in = task.deadline_at - now
    return Row(
        id=task.id,
        excerpt=excerpt_of(view.decision.item),
        gate=task.gate,
        state=task.state,
        risk=decision.risk_level.value,
        category=decision.category,
        confidence=decision.assessment.confidence,
        since=task.created_at,
        age=now - task.created_at,
        due_at=task.deadline_at,
        due_in=due_in,
        due_soon=due_in < DUE_SOON,
    )


def card_of(view: TaskView, viewer: Principal, now: datetime, lease: timedelta) -> Card:
    task, decision = view.task, view.decision
    held = task.lease if not has_lapsed(task, now) else None
    hand = hand_of(task, viewer, now)
    for_expert = TaskState.ESCALATED in (task.state, task.claimed_from)
    return Card(
        row=row_of(view, now),
        text=decision.item.text,
        fields={name: as_text(value) for name, value in decision.item.fields.items()},
        ai_result=None if decision.ai_result is None else as_text(decision.ai_result),
        ai_result_is_json=not isinstance(decision.ai_result, str),
        label=decision.assessment.label,
        suggestion=suggestion_of(decision),
        caveat=caveat_of(decision),
        blind=view.blind,
        scale=Scale.of(decision.assessment, decision.thresholds),
        thresholds=decision.thresholds,
        reason=decision.reason.value,
        model=decision.assessment.model_version,
        notes=decision.assessment.notes,
        signals_unreadable=decision.signals_unreadable,
        # Several are asked so that each judges alone; an expert is asked because of what they said.
        answers=() if view.blind or (task.state in OPEN and not for_expert) else task.answers,
        hand=hand,
        for_expert=for_expert,
        holder=held.holder if held else None,
        lease_token=held.token if held and hand is Hand.MINE else "",
        # Thrice in a lease: one lost request must not cost the reviewer the item.
        renew_seconds=max(1, int(lease.total_seconds() / 3)),
        facts=_facts(view),
        standing=standing_of(view, viewer, now),
    )


def hand_of(task: ReviewTask, viewer: Principal, now: datetime) -> Hand:
    state = task.claimed_from if has_lapsed(task, now) else task.state
    if state is TaskState.CLAIMED:
        mine = task.lease is not None and task.lease.holder == viewer.name
        return Hand.MINE if mine else Hand.THEIRS
    if state not in WAITING or now >= task.deadline_at:
        return Hand.CLOSED
    if Scope.REVIEW not in viewer.scopes:
        return Hand.WATCHED
    if any(given.reviewer == viewer.name for given in task.answers):
        return Hand.ANSWERED
    return Hand.EXPERTS if state is TaskState.ESCALATED and not viewer.expert else Hand.FREE


def as_text(value: Json) -> str:
    """A JSON value for people: strings as they are, the rest on one line or laid out."""
    if isinstance(value, str):
        return value
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= ONE_LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _facts(view: TaskView) -> Mapping[str, str]:
    """What is rarely asked for, by the key of its name: only what there is."""
    decision = view.decision
    facts: dict[str, Any] = {
        "task": view.task.id,
        "decision": decision.id,
        "policy": decision.policy_version,
        "requested_by": decision.requested_by,
        "app": decision.resume.app,
        "run": decision.resume.run_id,
        "user": decision.resume.user,
        "metadata": as_text(dict(decision.metadata)) if decision.metadata else None,
    }
    return {name: str(value) for name, value in facts.items() if value is not None}
