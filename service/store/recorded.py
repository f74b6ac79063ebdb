"""Recorded decisions for replay: columns in batches, so that a million fit through any memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, String, and_, cast, func, null, select

from service.domain.decision import Spread, source_of
from service.domain.outcome import Verdict
from service.domain.recorded import AuditableItems, Period, RecordedItems
from service.store import tables

BATCH = 20_000
NO_NOTES = "[]"
KIND_STARTS, KIND_ENDS = 3, 32  # in {"score":...} the kind of signal stands behind {"

_decision, _label, _truth = tables.decisions.c, tables.labels.c, tables.truths.c
_judgement = tables.shadow_judgements.c
_task = tables.review_tasks.c


class SqlRecorded:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stream(self, period: Period) -> Iterator[RecordedItems]:
        query = _of(period, _columns(period.shadow))
        streamed = self._connection.execution_options(yield_per=BATCH).execute(query)
        for rows in streamed.partitions():
            yield _batch(*zip(*rows, strict=True))

    def audits(self, period: Period) -> AuditableItems:
        # The newest first, then those of them that could be drawn: a gate without audits would
        # else be read to its first decision.
        newest = _of(
            period, select(_decision.id, _decision.zone, _decision.audit_probability)
        ).subquery()
        asked = and_(_task.decision_id == newest.c.id, _task.audit.is_(True))
        query = (
            select(newest.c.zone, newest.c.audit_probability, _task.id.is_not(None), _label.right)
            .select_from(newest)
            .outerjoin(tables.review_tasks, asked)
            .outerjoin(tables.labels, _label.decision_id == newest.c.id)
            .where(newest.c.audit_probability.is_not(None))
        )
        rows = self._connection.execute(query).all()
        zones, probabilities, drawn, right = zip(*rows, strict=True) if rows else ((),) * 4
        return AuditableItems(zones=zones, probabilities=probabilities, drawn=drawn, right=right)

    def count(self, gate: str, since: datetime) -> int:
        made = select(func.count()).where(_decision.gate == gate, _decision.created_at >= since)
        return int(self._connection.scalar(made) or 0)

    def first(self, gate: str) -> datetime | None:
        made: datetime | None = self._connection.scalar(
            select(func.min(_decision.created_at)).where(_decision.gate == gate)
        )
        return made

    def span(self, period: Period) -> tuple[datetime, datetime] | None:
        made = _of(period, select(_decision.created_at)).subquery().c.created_at
        first, last = self._connection.execute(select(func.min(made), func.max(made))).one()
        return None if first is None else (first, last)


def _of(period: Period, query: Select[Any]) -> Select[Any]:
    query = query.where(_decision.gate == period.gate)
    if period.since is not None:
        query = query.where(_decision.created_at >= period.since)
    if period.until is not None:
        query = query.where(_decision.created_at < period.until)
    return query.order_by(_decision.created_at.desc()).limit(period.limit)


def _columns(shadow: int | None) -> Select[Any]:
    later = tables.truths.alias()
    newest = select(func.max(later.c.id)).where(later.c.decision_id == _decision.id)
    query = (
        select(
            _decision.id,
            _decision.policy_version,
            _decision.category,
            _decision.model_version,
            # The text, not the document: parsing a million of them would take most of the time.
            func.substr(cast(_decision.signals, String), KIND_STARTS, KIND_ENDS),
            _decision.raw_score,
            _decision.spread,
            _decision.confidence,
            _decision.zone,
            _decision.reason,
            cast(_decision.notes, String) != NO_NOTES,
            _decision.panel,
            _label.right,
            _truth.verdict,
        )
        .join_from(tables.decisions, tables.labels, isouter=True)
        .outerjoin(tables.truths, _truth.id == newest.scalar_subquery())
    )
    if shadow is None:
        return query.add_columns(null())
    its_own = (
        (_judgement.decision_id == _decision.id)
        & (_judgement.gate == _decision.gate)
        & (_judgement.number == shadow)
    )
    return query.add_columns(_judgement.zone).outerjoin(tables.shadow_judgements, its_own)


def _batch(*columns: Any) -> RecordedItems:
    ids, versions, categories, models, signals, raw, spreads, confidence = columns[:8]
    zones, reasons, noted, panel, right, truths, judged = columns[8:]
    return RecordedItems(
        ids=ids,
        versions=versions,
        categories=categories,
        sources=[
            source_of(model, {signal.partition('"')[0]: None} if signal else None)
            for model, signal in zip(models, signals, strict=True)
        ],
        raw_scores=raw,
        spreads=[None if one is None else Spread(**one) for one in spreads],
        confidences=confidence,
        zones=zones,
        reasons=reasons,
        noted=noted,
        panel=panel,
        right=right,
        truths=[None if one is None else one == Verdict.APPROVE for one in truths],
        judged=judged,
    )
