"""Labels: what people say of scored items, kept for calibration and certificates."""

from service.domain.decision import Decision
from service.domain.label import Label
from service.domain.review import Answer, GivenAnswer
from service.ports.store import Transaction


def keep_label(tx: Transaction, decision: Decision, given: GivenAnswer) -> None:
    """Keep what was said of a scored item, for calibration and certificates; what was said of it
    last stands.

    Items that a guard keeps from the thresholds prove nothing about these.
    """
    if decision.assessment.notes:
        return
    raw_score, source = decision.assessment.raw_score, decision.source
    if raw_score is None or source is None:
        return
    tx.labels.remove(decision.id)
    tx.labels.add(
        Label(
            decision_id=decision.id,
            gate=decision.gate,
            raw_score=raw_score,
            spread=decision.assessment.spread,
            source=source,
            category=decision.category,
            right=given.answer is Answer.APPROVE and given.edited_result is None,
            panel=decision.panel,
            reviewer=given.reviewer,
            at=given.at,
        )
    )
