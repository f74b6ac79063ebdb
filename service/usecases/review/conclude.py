"""How a reviewed item ends: outcome, audit and delivery in the transaction that decided."""

from datetime import datetime

from service.domain.decision import Decision
from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import AppName
from service.domain.outcome import Outcome
from service.domain.review import ReviewTask
from service.ports.resumer import MessageWriter
from service.ports.store import Transaction
from service.usecases.shared.audit_events.decisions import draft_of_outcome
from service.usecases.shared.audit_events.deliveries import draft_of_delivery
from service.usecases.shared.new_ids import new_delivery_id


def conclude(
    tx: Transaction,
    writer: MessageWriter,
    decision: Decision,
    task: ReviewTask,
    outcome: Outcome,
    *,
    actor: str,
    now: datetime,
) -> Delivery | None:
    """Write the outcome and, where somebody waits for it, the delivery that will carry it.

    The delivery may leave once the outcome settles. `hold` and `none` have no delivery: there
    the workflow (or nobody) asks.
    """
    tx.decisions.set_outcome(decision.id, outcome)
    drafts = [draft_of_outcome(decision, outcome, actor)]
    delivery = None
    resume = decision.resume
    if resume.mode.delivers:
        delivery = Delivery(
            id=new_delivery_id(),
            task_id=task.id,
            decision_id=decision.id,
            gate=decision.gate,
            mode=resume.mode,
            app=AppName(resume.app) if resume.app else None,
            run_id=resume.run_id,
            user=resume.user,
            body=writer.write(decision, task.id, outcome),
            state=DeliveryState.PENDING,
            created_at=now,
            next_attempt_at=outcome.settles_at,
        )
        tx.deliveries.add(delivery)
        drafts.append(draft_of_delivery(delivery, "queued", actor, now))
    tx.audit.append(drafts)
    return delivery
