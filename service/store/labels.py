"""What people said of items, for learning."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, union

from service.domain.decision import Spread
from service.domain.ids import DecisionId
from service.domain.label import Label, SharedAnswer
from service.domain.review import Answer
from service.store import tables

_label = tables.labels.c
_task, _answer = tables.review_tasks.c, tables.task_answers.c


class SqlLabels:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, label: Label) -> None:
        self._connection.execute(insert(tables.labels), asdict(label))

    def remove(self, decision_id: DecisionId) -> None:
        self._connection.execute(delete(tables.labels).where(_label.decision_id == decision_id))

    def of_panel(self, gate: str) -> list[Label]:
        query = (
            select(tables.labels)
            .where(_label.gate == gate, _label.panel.is_(True))
            .order_by(_label.decision_id)
        )
        return [_label_of(row) for row in self._connection.execute(query)]

    def shared(self, gate: str) -> list[SharedAnswer]:
        # From the few tasks that several have answered, not from the many that one has.
        few = union(
            select(_answer.task_id).where(_answer.position == 1),
            select(_answer.task_id).where(_answer.answer == Answer.UNSURE),
        ).subquery()
        query = (
            select(
                _task.decision_id,
                _answer.reviewer,
                _answer.answer,
                _answer.edited_result.is_not(None).label("edited"),
            )
            .join_from(few, tables.task_answers, _answer.task_id == few.c.task_id)
            .join(tables.review_tasks, _task.id == _answer.task_id)
            .where(_task.gate == gate)
            .order_by(_task.decision_id, _answer.position)
        )
        return [
            SharedAnswer(
                decision_id=row.decision_id,
                reviewer=row.reviewer,
                right=_right(Answer(row.answer), bool(row.edited)),
            )
            for row in self._connection.execute(query)
        ]


def _right(answer: Answer, edited: bool) -> bool | None:
    if answer is Answer.UNSURE:
        return None
    return answer is Answer.APPROVE and not edited


def _label_of(row: Row[Any]) -> Label:
    columns = dict(row._mapping)
    columns["spread"] = None if row.spread is None else Spread(**row.spread)
    return Label(**columns)
