"""Deliveries: the outbox that workers drain."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, insert, select, update

from service.domain.decision import ResumeMode
from service.domain.delivery import Delivery, DeliveryState, Proof
from service.domain.ids import DeliveryId, TaskId
from service.ports.page import Page
from service.store import tables

_delivery = tables.deliveries.c


class SqlDeliveries:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, delivery: Delivery) -> None:
        row = _row_of(delivery) | {"due_at": delivery.next_attempt_at}
        self._connection.execute(insert(tables.deliveries), row)

    def get(self, delivery_id: DeliveryId) -> Delivery | None:
        query = select(tables.deliveries).where(_delivery.id == delivery_id)
        row = self._connection.execute(query).one_or_none()
        return _delivery_of(row) if row else None

    def lock(self, delivery_id: DeliveryId) -> Delivery | None:
        query = select(tables.deliveries).where(_delivery.id == delivery_id).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return _delivery_of(row) if row else None

    def save(self, delivery: Delivery) -> None:
        # A hold ends with what it was taken for: a new plan, or another state, replaces it.
        as_planned = and_(
            _delivery.next_attempt_at == delivery.next_attempt_at,
            _delivery.state == delivery.state,
        )
        due_at = case((as_planned, _delivery.due_at), else_=delivery.next_attempt_at)
        self._connection.execute(
            update(tables.deliveries)
            .where(_delivery.id == delivery.id)
            .values(_row_of(delivery) | {"due_at": due_at})
        )

    def latest_of_task(self, task_id: TaskId) -> Delivery | None:
        return self.latest_of_tasks([task_id]).get(task_id)

    def latest_of_tasks(self, task_ids: Sequence[TaskId]) -> dict[TaskId, Delivery]:
        query = (
            select(tables.deliveries)
            .where(_delivery.task_id.in_(task_ids))
            .order_by(_delivery.created_at, _delivery.id)
        )
        return {row.task_id: _delivery_of(row) for row in self._connection.execute(query)}

    def claim_due(self, now: datetime, hold_for: timedelta, limit: int) -> list[Delivery]:
        query = (
            select(tables.deliveries)
            .where(_delivery.state == DeliveryState.PENDING, _delivery.due_at <= now)
            .order_by(_delivery.due_at, _delivery.id)
            .limit(limit)
        )
        rows = self._connection.execute(query.with_for_update(skip_locked=True)).all()
        self._hold([row.id for row in rows], now + hold_for)
        return [_delivery_of(row) for row in rows]

    def hold(self, delivery_id: DeliveryId, until: datetime) -> None:
        self._hold([delivery_id], until)

    def browse(
        self, *, gates: frozenset[str] | None, state: DeliveryState | None, page: Page
    ) -> list[Delivery]:
        query = select(tables.deliveries)
        if gates is not None:
            query = query.where(_delivery.gate.in_(gates))
        if state is not None:
            query = query.where(_delivery.state == state)
        if page.before is not None:
            query = query.where(_delivery.id < page.before)
        rows = self._connection.execute(query.order_by(_delivery.id.desc()).limit(page.limit))
        return [_delivery_of(row) for row in rows]

    def next_due_at(self) -> datetime | None:
        pending = _delivery.state == DeliveryState.PENDING
        earliest: datetime | None = self._connection.scalar(
            select(func.min(_delivery.due_at)).where(pending)
        )
        return earliest

    def _hold(self, delivery_ids: Sequence[DeliveryId], until: datetime) -> None:
        self._connection.execute(
            update(tables.deliveries)
            # Never sooner than it is: a try that has just ended may have set a longer wait.
            .where(_delivery.id.in_(delivery_ids), _delivery.due_at < until)
            .values(due_at=until)
        )


def _row_of(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "task_id": delivery.task_id,
        "decision_id": delivery.decision_id,
        "gate": delivery.gate,
        "mode": delivery.mode,
        "app": delivery.app,
        "run_id": delivery.run_id,
        "user": delivery.user,
        "body": delivery.body,
        "state": delivery.state,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "attempts": delivery.attempts,
        "submitted_at": delivery.submitted_at,
        "reason": delivery.reason,
        "proof_kind": delivery.proof and delivery.proof.kind,
        "proof_detail": delivery.proof and delivery.proof.detail,
        "finished_at": delivery.finished_at,
    }


def _delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        task_id=row.task_id,
        decision_id=row.decision_id,
        gate=row.gate,
        mode=ResumeMode(row.mode),
        app=row.app,
        run_id=row.run_id,
        user=row.user,
        body=row.body,
        state=DeliveryState(row.state),
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        attempts=row.attempts,
        submitted_at=row.submitted_at,
        reason=row.reason,
        proof=None
        if row.proof_kind is None
        else Proof(kind=row.proof_kind, detail=row.proof_detail),
        finished_at=row.finished_at,
    )
