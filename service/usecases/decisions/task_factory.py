"""Whether people are asked about a decision, how urgently, and how many of them."""

from collections.abc import Callable

from service.domain.decision import Decision, RiskLevel, Zone
from service.domain.gate import GatePolicy
from service.domain.review import ReviewTask, TaskState
from service.usecases.shared.new_ids import new_task_id

ERROR_COST: dict[RiskLevel, float] = {RiskLevel.LOW: 1, RiskLevel.MEDIUM: 3, RiskLevel.HIGH: 10}
"""What a wrong decision weighs in the queue, relative to a low-risk one."""


class Questions:
    """Makes the review tasks of decisions. What is drawn is drawn by `lot`, in [0, 1)."""

    def __init__(self, lot: Callable[[], float]) -> None:
        self._lot = lot

    def of(self, decision: Decision, policy: GatePolicy) -> ReviewTask | None:
        """The question to people: what to do with the item, or, where the gate has decided it and
        the panel or an audit drew it, what would have been right."""
        audit = decision.zone is not Zone.HUMAN_REVIEW
        if audit and not (decision.panel or self._audits(decision)):
            return None
        confidence = decision.assessment.confidence
        blind = decision.panel or policy.asks_blindly
        return ReviewTask(
            id=new_task_id(),
            decision_id=decision.id,
            gate=decision.gate,
            state=TaskState.PENDING,
            # By lot where there is a panel: no place in the queue may tell what the AI thinks.
            priority=priority(self._lot() if blind else confidence, decision.risk_level),
            audit=audit,
            created_at=decision.created_at,
            deadline_at=decision.created_at + policy.review.deadline,
            quorum=self._quorum(policy),
        )

    def _audits(self, decision: Decision) -> bool:
        probability = decision.audit_probability
        return probability is not None and self._lot() < probability

    def _quorum(self, policy: GatePolicy) -> int:
        """How many must agree: at least two where the lot says so, which tells how far reviewers
        can be trusted. Of all items alike, or a second answer would tell which the panel asks."""
        rules = policy.review
        twice = rules.double_share > 0 and self._lot() < rules.double_share
        return rules.doubled if twice else rules.quorum


def priority(confidence: float | None, risk_level: RiskLevel) -> float:
    """The expected cost of acting on the AI's leaning: min(c, 1 - c) times the cost of an error.

    An item without a confidence is as uncertain as can be (1/2).
    """
    error = 0.5 if confidence is None else min(confidence, 1 - confidence)
    return error * ERROR_COST[risk_level]
