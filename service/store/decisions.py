"""Decisions, what became of them, and what turned out to be true."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from service.domain.decision import (
    Assessment,
    Decision,
    Item,
    Reason,
    Resume,
    ResumeMode,
    RiskLevel,
    Spread,
    Thresholds,
    Zone,
)
from service.domain.errors import UnknownDecision
from service.domain.ids import DecisionId
from service.domain.outcome import DecidedBy, Outcome, Truth, Verdict
from service.store import tables
from service.store.many_rows import insert_all


class SqlDecisions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, decisions: Sequence[Decision]) -> None:
        rows = [_row_of(decision) for decision in decisions]
        insert_all(self._connection, tables.decisions, rows)

    def get(self, decision_id: DecisionId) -> Decision | None:
        query = select(tables.decisions).where(tables.decisions.c.id == decision_id)
        row = self._connection.execute(query).one_or_none()
        return _decision_of(row) if row else None

    def get_many(self, decision_ids: Sequence[DecisionId]) -> dict[DecisionId, Decision]:
        query = select(tables.decisions).where(tables.decisions.c.id.in_(decision_ids))
        return {row.id: _decision_of(row) for row in self._connection.execute(query)}

    def set_outcome(self, decision_id: DecisionId, outcome: Outcome | None) -> None:
        """Raises UnknownDecision where there is none of that id."""
        changed = self._connection.execute(
            update(tables.decisions)
            .where(tables.decisions.c.id == decision_id)
            .values(_outcome_columns(outcome))
        )
        if changed.rowcount == 0:
            raise UnknownDecision

    def take(self, decision_id: DecisionId, run_id: str) -> str:
        """Raises UnknownDecision where there is none of that id."""
        free = tables.decisions.c.taken_by_run.is_(None)
        self._connection.execute(
            update(tables.decisions)
            .where(tables.decisions.c.id == decision_id, free)
            .values(taken_by_run=run_id)
        )
        holder = self.taken_by(decision_id)
        if holder is None:
            raise UnknownDecision
        return holder

    def taken_by(self, decision_id: DecisionId) -> str | None:
        holder: str | None = self._connection.scalar(
            select(tables.decisions.c.taken_by_run).where(tables.decisions.c.id == decision_id)
        )
        return holder

    def add_truth(self, decision_id: DecisionId, truth: Truth) -> None:
        self._connection.execute(
            insert(tables.truths).values(
                decision_id=decision_id,
                verdict=truth.verdict,
                note=truth.note,
                reported_by=truth.reported_by,
                reported_at=truth.reported_at,
            )
        )

    def truths(self, decision_id: DecisionId) -> list[Truth]:
        query = (
            select(tables.truths)
            .where(tables.truths.c.decision_id == decision_id)
            .order_by(tables.truths.c.id)
        )
        return [
            Truth(
                verdict=Verdict(row.verdict),
                note=row.note,
                reported_by=row.reported_by,
                reported_at=row.reported_at,
            )
            for row in self._connection.execute(query)
        ]


def _row_of(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "gate": decision.gate,
        "policy_version": decision.policy_version,
        "created_at": decision.created_at,
        "requested_by": decision.requested_by,
        "item": {"text": decision.item.text, "fields": dict(decision.item.fields)},
        "ai_result": decision.ai_result,
        "signals": None if decision.signals is None else dict(decision.signals),
        "signals_unreadable": decision.signals_unreadable,
        "category": decision.category,
        "risk_level": decision.risk_level.value,
        "resume_mode": decision.resume.mode.value,
        "resume_app": decision.resume.app,
        "resume_run_id": decision.resume.run_id,
        "resume_user": decision.resume.user,
        "metadata": dict(decision.metadata),
        "zone": decision.zone.value,
        "reason": decision.reason.value,
        "threshold_low": decision.thresholds.low,
        "threshold_high": decision.thresholds.high,
        "confidence": decision.assessment.confidence,
        "raw_score": decision.assessment.raw_score,
        "spread": None
        if decision.assessment.spread is None
        else asdict(decision.assessment.spread),
        "label": decision.assessment.label,
        "model_version": decision.assessment.model_version,
        "failure": decision.assessment.failure and decision.assessment.failure.value,
        "notes": list(decision.assessment.notes),
        "panel": decision.panel,
        "audit_probability": decision.audit_probability,
        **_outcome_columns(decision.outcome),
    }


def _outcome_columns(outcome: Outcome | None) -> dict[str, Any]:
    return {
        "verdict": outcome and outcome.verdict.value,
        "decided_by": outcome and outcome.by.value,
        "decided_at": outcome and outcome.decided_at,
        "settles_at": outcome and outcome.settles_at,
        "reviewer": outcome and outcome.reviewer,
        "comment": outcome and outcome.comment,
        "edited_result": outcome and outcome.edited_result,
    }


def _decision_of(row: Row[Any]) -> Decision:
    return Decision(
        id=row.id,
        gate=row.gate,
        policy_version=row.policy_version,
        created_at=row.created_at,
        requested_by=row.requested_by,
        item=Item(text=row.item["text"], fields=row.item["fields"]),
        ai_result=row.ai_result,
        signals=row.signals,
        signals_unreadable=row.signals_unreadable,
        category=row.category,
        risk_level=RiskLevel(row.risk_level),
        resume=Resume(
            mode=ResumeMode(row.resume_mode),
            app=row.resume_app,
            run_id=row.resume_run_id,
            user=row.resume_user,
        ),
        metadata=row.metadata,
        zone=Zone(row.zone),
        reason=Reason(row.reason),
        thresholds=Thresholds(low=row.threshold_low, high=row.threshold_high),
        assessment=Assessment(
            confidence=row.confidence,
            raw_score=row.raw_score,
            spread=None if row.spread is None else Spread(**row.spread),
            label=row.label,
            model_version=row.model_version,
            failure=Reason(row.failure) if row.failure else None,
            notes=tuple(row.notes),
        ),
        panel=row.panel,
        audit_probability=row.audit_probability,
        outcome=_outcome_of(row),
    )


def _outcome_of(row: Row[Any]) -> Outcome | None:
    if row.verdict is None:
        return None
    return Outcome(
        verdict=Verdict(row.verdict),
        by=DecidedBy(row.decided_by),
        decided_at=row.decided_at,
        settles_at=row.settles_at,
        reviewer=row.reviewer,
        comment=row.comment,
        edited_result=row.edited_result,
    )
