"""Review tasks and their answers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from service.domain.errors import IllegalMove
from service.domain.ids import DecisionId, TaskId
from service.domain.review import OPEN, WAITING, Answer, GivenAnswer, Lease, ReviewTask, TaskState
from service.ports.page import Page
from service.store import tables
from service.store.many_rows import insert_all

_task = tables.review_tasks.c
_answer = tables.task_answers.c
_MOST_URGENT = (_task.priority.desc(), _task.created_at, _task.id)


class SqlTasks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, tasks: Sequence[ReviewTask]) -> None:
        insert_all(self._connection, tables.review_tasks, [_row_of(task) for task in tasks])
        self._add_answers(tasks)

    def get(self, task_id: TaskId) -> ReviewTask | None:
        return self._one(select(tables.review_tasks).where(_task.id == task_id))

    def lock(self, task_id: TaskId) -> ReviewTask | None:
        query = select(tables.review_tasks).where(_task.id == task_id)
        return self._one(query.with_for_update())

    def save(self, task: ReviewTask) -> None:
        changed = self._connection.execute(
            update(tables.review_tasks)
            .where(_task.id == task.id, _task.revision == task.revision - 1)
            .values(_row_of(task))
        )
        if changed.rowcount == 0:
            raise IllegalMove("Somebody else moved this task first.")
        self._connection.execute(delete(tables.task_answers).where(_answer.task_id == task.id))
        self._add_answers([task])

    def of_decision(self, decision_id: DecisionId) -> ReviewTask | None:
        query = select(tables.review_tasks).where(_task.decision_id == decision_id)
        return self._one(query.order_by(_task.id.desc()).limit(1))

    def claimable(
        self,
        *,
        gates: frozenset[str] | None,
        reviewer: str,
        expert: bool,
        now: datetime,
        limit: int,
    ) -> list[ReviewTask]:
        lapsed = and_(_task.state == TaskState.CLAIMED, _task.lease_expires_at <= now)
        needs_expert = or_(
            _task.state == TaskState.ESCALATED,
            and_(lapsed, _task.claimed_from == TaskState.ESCALATED),
        )
        answered = _answered_by(reviewer)
        query = (
            select(tables.review_tasks)
            .where(
                or_(_task.state.in_(WAITING), lapsed),
                _task.deadline_at > now,
                _within(gates),
                true() if expert else ~needs_expert,
                ~answered,
            )
            .order_by(*((needs_expert.desc(),) if expert else ()), *_MOST_URGENT)
            .limit(limit)
        )
        return self._all(query.with_for_update(skip_locked=True, of=tables.review_tasks))

    def queue(
        self, *, gates: frozenset[str] | None, reviewer: str, expert: bool, limit: int
    ) -> list[ReviewTask]:
        escalated = _task.state == TaskState.ESCALATED
        others = case(
            (_answered_by(reviewer), 2), (escalated, 0 if expert else 2), else_=1
        )  # last what the reviewer may not take
        query = (
            select(tables.review_tasks)
            .where(_task.state.in_(WAITING), _within(gates))
            .order_by(others, *_MOST_URGENT)
            .limit(limit)
        )
        return self._all(query)

    def answered_by(
        self, reviewer: str, *, gates: frozenset[str] | None, limit: int
    ) -> list[ReviewTask]:
        later = tables.task_answers.alias()
        query = (
            select(tables.review_tasks)
            .join(tables.task_answers, _answer.task_id == _task.id)
            .where(
                _answer.reviewer == reviewer,
                ~exists().where(later.c.task_id == _task.id, later.c.position > _answer.position),
                _within(gates),
            )
            .order_by(_answer.at.desc(), _task.id.desc())
            .limit(limit)
        )
        return self._all(query)

    def browse(
        self,
        *,
        gates: frozenset[str] | None,
        states: frozenset[TaskState] | None = None,
        holder: str | None = None,
        page: Page,
    ) -> list[ReviewTask]:
        query = select(tables.review_tasks).where(_within(gates))
        if states is not None:
            query = query.where(_task.state.in_(states))
        if holder is not None:
            query = query.where(_task.lease_holder == holder)
        if page.before is not None:
            query = query.where(_task.id < page.before)
        return self._all(query.order_by(_task.id.desc()).limit(page.limit))

    def due(self, now: datetime, limit: int) -> list[ReviewTask]:
        query = (
            select(tables.review_tasks)
            .where(
                or_(
                    and_(_task.state.in_(OPEN), _task.deadline_at <= now),
                    and_(_task.state == TaskState.CLAIMED, _task.lease_expires_at <= now),
                )
            )
            .order_by(_task.id)
            .limit(limit)
        )
        return self._all(query.with_for_update(skip_locked=True))

    def count_resolved(self, since: datetime) -> dict[str, int]:
        query = (
            select(_task.gate, func.count().label("resolved"))
            .where(_task.state == TaskState.RESOLVED, _task.resolved_at >= since)
            .group_by(_task.gate)
        )
        return {row.gate: row.resolved for row in self._connection.execute(query)}

    def count_by_state(self, gates: frozenset[str] | None) -> dict[tuple[str, TaskState], int]:
        query = (
            select(_task.gate, _task.state, func.count())
            .where(_within(gates))
            .group_by(_task.gate, _task.state)
        )
        return {
            (gate, TaskState(state)): count
            for gate, state, count in self._connection.execute(query)
        }

    def _one(self, query: Select[Any]) -> ReviewTask | None:
        return next(iter(self._all(query)), None)

    def _all(self, query: Select[Any]) -> list[ReviewTask]:
        rows = self._connection.execute(query).all()
        answers = self._answers_of([row.id for row in rows])
        return [_task_of(row, tuple(answers[row.id])) for row in rows]

    def _answers_of(self, task_ids: Sequence[TaskId]) -> dict[TaskId, list[GivenAnswer]]:
        answers: dict[TaskId, list[GivenAnswer]] = defaultdict(list)
        if not task_ids:
            return answers
        query = (
            select(tables.task_answers)
            .where(_answer.task_id.in_(task_ids))
            .order_by(_answer.task_id, _answer.position)
        )
        for row in self._connection.execute(query):
            answers[row.task_id].append(_answer_of(row))
        return answers

    def _add_answers(self, tasks: Sequence[ReviewTask]) -> None:
        rows = [
            {
                "task_id": task.id,
                "position": position,
                "reviewer": given.reviewer,
                "answer": given.answer,
                "comment": given.comment,
                "edited_result": given.edited_result,
                "at": given.at,
            }
            for task in tasks
            for position, given in enumerate(task.answers)
        ]
        insert_all(self._connection, tables.task_answers, rows)


def _answered_by(reviewer: str) -> ColumnElement[bool]:
    return exists().where(_answer.task_id == _task.id, _answer.reviewer == reviewer)


def _within(gates: frozenset[str] | None) -> ColumnElement[bool]:
    return true() if gates is None else _task.gate.in_(gates)


def _row_of(task: ReviewTask) -> dict[str, Any]:
    lease = task.lease
    return {
        "id": task.id,
        "decision_id": task.decision_id,
        "gate": task.gate,
        "state": task.state.value,
        "priority": task.priority,
        "created_at": task.created_at,
        "deadline_at": task.deadline_at,
        "quorum": task.quorum,
        "claimed_from": task.claimed_from.value,
        "lease_token": lease and lease.token,
        "lease_holder": lease and lease.holder,
        "lease_claimed_at": lease and lease.claimed_at,
        "lease_expires_at": lease and lease.expires_at,
        "resolved_at": task.resolved_at,
        "settles_at": task.settles_at,
        "revision": task.revision,
        "audit": task.audit,
    }


def _task_of(row: Row[Any], answers: tuple[GivenAnswer, ...]) -> ReviewTask:
    return ReviewTask(
        id=row.id,
        decision_id=row.decision_id,
        gate=row.gate,
        state=TaskState(row.state),
        priority=row.priority,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        quorum=row.quorum,
        claimed_from=TaskState(row.claimed_from),
        lease=_lease_of(row),
        answers=answers,
        resolved_at=row.resolved_at,
        settles_at=row.settles_at,
        revision=row.revision,
        audit=row.audit,
    )


def _lease_of(row: Row[Any]) -> Lease | None:
    if row.lease_token is None:
        return None
    return Lease(
        token=row.lease_token,
        holder=row.lease_holder,
        claimed_at=row.lease_claimed_at,
        expires_at=row.lease_expires_at,
    )


def _answer_of(row: Row[Any]) -> GivenAnswer:
    return GivenAnswer(
        reviewer=row.reviewer,
        answer=Answer(row.answer),
        comment=row.comment,
        edited_result=row.edited_result,
        at=row.at,
    )
