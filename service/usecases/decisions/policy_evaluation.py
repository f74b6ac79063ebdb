"""What a gate's policy makes of an item that was assessed."""

from datetime import datetime

from service.domain.access import Principal
from service.domain.decision import Assessment, Decision, Item, Reason, Resume, Zone, source_of
from service.domain.gate import GatePolicy, Rule
from service.domain.guard import Finding
from service.domain.outcome import DecidedBy, Outcome, Verdict
from service.thresholds.audits import audit_probability
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.shared.new_ids import new_decision_id


def decided(
    order: DecisionOrder,
    principal: Principal,
    policy: GatePolicy,
    resume: Resume,
    assessment: Assessment,
    *,
    drawn: bool,
    now: datetime,
) -> Decision:
    """The decision, with its outcome where the policy gives it. `drawn`: the panel asks of it."""
    rule, zone, reason = judged_by(policy, order, assessment, drawn=drawn)
    # While nothing is certified people see every item: all of them are a panel.
    panel = drawn or rule.uncertified
    return Decision(
        id=new_decision_id(),
        gate=policy.gate,
        policy_version=policy.version,
        created_at=now,
        requested_by=principal.name,
        item=order.item,
        ai_result=order.ai_result,
        signals=order.signals,
        signals_unreadable=order.signals_unreadable,
        category=policy.category_named(order.category),
        risk_level=order.risk_level,
        resume=resume,
        metadata=order.metadata,
        zone=zone,
        reason=reason,
        thresholds=rule.thresholds,
        assessment=assessment,
        panel=panel,
        audit_probability=None
        if panel or zone is Zone.HUMAN_REVIEW
        else _audit_probability(policy, rule, assessment),
        outcome=_policy_outcome(zone, now),
    )


def judged_by(
    policy: GatePolicy, order: DecisionOrder, assessment: Assessment, *, drawn: bool
) -> tuple[Rule, Zone, Reason]:
    """What the policy makes of an item that was assessed under it; `drawn` says that the panel
    asks about it."""
    rule = policy.rule_for(order.category, source_of(assessment.model_version, order.signals))
    zone, reason = zone_of(rule, assessment)
    if reason is Reason.SCORER_FAILED and _rejected_by_rules(policy, rule, order.item):
        zone, reason = Zone.AUTO_REJECT, Reason.RULES
    if drawn and policy.panel.holds and zone is not Zone.HUMAN_REVIEW:
        zone, reason = Zone.HUMAN_REVIEW, Reason.AUDIT_SAMPLE
    return rule, zone, reason


def zone_of(rule: Rule, assessment: Assessment) -> tuple[Zone, Reason]:
    """Where the rule puts an assessed item; whatever casts doubt on its score, to people."""
    if assessment.failure is not None:
        return Zone.HUMAN_REVIEW, assessment.failure
    if rule.uncertified:
        return Zone.HUMAN_REVIEW, Reason.UNCERTIFIED
    if rule.unknown_category:
        return Zone.HUMAN_REVIEW, Reason.UNKNOWN_CATEGORY
    if assessment.notes == (Finding.OUT_OF_DISTRIBUTION,):
        return Zone.HUMAN_REVIEW, Reason.OUT_OF_DISTRIBUTION
    if assessment.notes:
        return Zone.HUMAN_REVIEW, Reason.GUARD
    return rule.thresholds.zone(assessment.confidence)


def _audit_probability(policy: GatePolicy, rule: Rule, assessment: Assessment) -> float | None:
    """None where the gate has no audits, or a rule of its fallback decided without a score."""
    confidence, share = assessment.confidence, policy.audits.share
    if not share or confidence is None:
        return None
    return audit_probability(confidence, rule.thresholds, share)


def _rejected_by_rules(policy: GatePolicy, rule: Rule, item: Item) -> bool:
    """Whether the gate's rules, in its model's place, reject the item: never where the gate closes
    that side, or has a contract, whose rejections are proven."""
    may = policy.contract is None and rule.thresholds.low is not None
    return may and policy.fallback.reject(item.text)


def _policy_outcome(zone: Zone, now: datetime) -> Outcome | None:
    match zone:
        case Zone.AUTO_APPROVE:
            verdict = Verdict.APPROVE
        case Zone.AUTO_REJECT:
            verdict = Verdict.REJECT
        case Zone.HUMAN_REVIEW:
            return None
    return Outcome(verdict=verdict, by=DecidedBy.POLICY, decided_at=now, settles_at=now)
