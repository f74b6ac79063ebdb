"""What people said of items, for learning."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, or_, select

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
        second = tables.task_answers.alias()
        several = exists().where(second.c.task_id == _answer.task_id, second.c.position == 1)
        query = (
            select(
                _task.decision_id,
                _answer.reviewer,
                _answer.answer,
                _answer.edited_result.is_not(None).label("edited"),
            )
            .join_from(tables.task_answers, tables.review_tasks)
            .where(_task.gate == gate, or_(several, _answer.answer == Answer.UNSURE))
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
