"""Labelled items, oldest first, row by row: a million of them fit through any memory."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, tuple_

from service.domain.decision import Item, Zone, source_of
from service.domain.ids import DecisionId
from service.domain.labelled import LabelledItem, Said
from service.domain.outcome import Truth, Verdict
from service.domain.review import TaskState
from service.store import tables

BATCH = 1_000

_decision, _task = tables.decisions.c, tables.review_tasks.c
_answer, _truth = tables.task_answers.c, tables.truths.c


class SqlLabelled:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(
        self, gate: str, *, after: DecisionId | None = None, limit: int | None = None
    ) -> Iterator[LabelledItem]:
        # In the order of the index on gate and time: by id alone, all would be sorted first.
        order = (_decision.created_at, _decision.id)
        query = _labelled().where(_decision.gate == gate).order_by(*order).limit(limit)
        if after is not None:
            made = select(_decision.created_at).where(_decision.id == after)
            moment = self._connection.scalar(made)
            if moment is None:
                return iter(())
            query = query.where(tuple_(*order) > (moment, after))
        rows = self._connection.execute(query.execution_options(yield_per=BATCH))
        return map(_item_of, rows)


def _labelled() -> Select[Any]:
    """Decisions whose task people have settled, or whose truth was reported: with the answer that
    settled it, and the newest truth."""
    others, later = tables.task_answers.alias(), tables.truths.alias()
    settling = (
        select(func.max(others.c.position)).where(others.c.task_id == _task.id).scalar_subquery()
    )
    newest = (
        select(func.max(later.c.id)).where(later.c.decision_id == _decision.id).scalar_subquery()
    )
    # The state stands with the answer: beside the decision's id SQLite would look it up by that.
    answer = and_(
        _task.state == TaskState.RESOLVED,
        _answer.task_id == _task.id,
        _answer.position == settling,
    )
    return (
        select(
            _decision.id,
            _decision.gate,
            _decision.policy_version,
            _decision.created_at,
            _decision.item,
            _decision.ai_result,
            _decision.signals,
            _decision.category,
            _decision.model_version,
            _decision.raw_score,
            _decision.confidence,
            _decision.zone,
            _decision.panel,
            _decision.audit_probability,
            _decision.notes,
            _task.id.label("task_id"),
            _answer.answer,
            _answer.edited_result,
            _answer.reviewer,
            _answer.at,
            _truth.verdict,
            _truth.note,
            _truth.reported_by,
            _truth.reported_at,
        )
        .select_from(tables.decisions)
        .outerjoin(tables.review_tasks, _task.decision_id == _decision.id)
        .outerjoin(tables.task_answers, answer)
        .outerjoin(tables.truths, _truth.id == newest)
        .where(or_(_answer.answer.is_not(None), _truth.id.is_not(None)))
    )


def _item_of(row: Row[Any]) -> LabelledItem:
    return LabelledItem(
        decision_id=row.id,
        task_id=row.task_id,
        gate=row.gate,
        policy_version=row.policy_version,
        decided_at=row.created_at,
        item=Item(text=row.item["text"], fields=row.item["fields"]),
        ai_result=row.ai_result,
        category=row.category,
        source=source_of(row.model_version, row.signals),
        raw_score=row.raw_score,
        confidence=row.confidence,
        zone=Zone(row.zone),
        panel=row.panel,
        audit_probability=row.audit_probability,
        guarded=bool(row.notes),
        said=_said_of(row),
        truth=_truth_of(row),
    )


def _said_of(row: Row[Any]) -> Said | None:
    if row.answer is None:
        return None
    return Said(
        verdict=Verdict(row.answer),
        edited_result=row.edited_result,
        reviewer=row.reviewer,
        at=row.at,
    )


def _truth_of(row: Row[Any]) -> Truth | None:
    if row.verdict is None:
        return None
    return Truth(
        verdict=Verdict(row.verdict),
        note=row.note,
        reported_by=row.reported_by,
        reported_at=row.reported_at,
    )
