"""Decide: assess an item, find its zone, and write decision, task and audit entry as one."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from service.domain.access import Principal, Scope
from service.domain.chance import random_share
from service.domain.decision import (
    Assessment,
    Decision,
    Item,
    Reason,
    Resume,
    ResumeMode,
    RiskLevel,
    Zone,
    source_of,
)
from service.domain.errors import GateError, InvalidInput, Overloaded, UnknownApp
from service.domain.gate import GatePolicy, Rule
from service.domain.guard import Finding, Redaction
from service.domain.ids import new_decision_id, new_task_id
from service.domain.outcome import DecidedBy, Outcome, Verdict
from service.domain.review import ReviewTask, TaskState
from service.domain.values import Json
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.meter import Meter
from service.thresholds.audits import audit_probability
from service.usecases.audited import draft_of_decision
from service.usecases.gate_book import GateBook
from service.usecases.guarded import GuardedAssessor
from service.usecases.receipts import Receipt
from service.usecases.recorder import Entry, Record, Recorder
from service.usecases.redact import redacted

log = structlog.get_logger()

ERROR_COST: dict[RiskLevel, float] = {RiskLevel.LOW: 1, RiskLevel.MEDIUM: 3, RiskLevel.HIGH: 10}
"""What a wrong decision weighs in the queue, relative to a low-risk one."""


@dataclass(frozen=True, kw_only=True)
class DecisionOrder:
    """What a caller asks a gate. A resume field that is None is filled in by the gate's policy."""

    gate: str
    item: Item
    ai_result: Json = None
    signals: Mapping[str, Any] | None = None
    category: str | None = None
    risk_level: RiskLevel = RiskLevel.MEDIUM
    resume_mode: ResumeMode | None = None
    resume_app: str | None = None
    run_id: str | None = None
    user: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)


type Made = tuple[Decision, ReviewTask | None]


class DecideItem:
    def __init__(
        self,
        *,
        gates: GateBook,
        assessor: GuardedAssessor,
        recorder: Recorder,
        bus: Bus,
        clock: Clock,
        meter: Meter,
        redactor: Redactor,
        lot: Callable[[], float] = random_share,
        afterwards: Callable[["DecisionOrder", Decision], None] = lambda *_: None,
    ) -> None:
        """`afterwards` hears of every decision once it is durable; it must not wait or fail.

        `lot`: nobody who knows the code, or the items before, can tell whom the panel will draw.
        """
        self._gates = gates
        self._assessor = assessor
        self._recorder = recorder
        self._bus = bus
        self._clock = clock
        self._meter = meter
        self._redactor = redactor
        self._lot = lot
        self._afterwards = afterwards

    async def __call__(
        self, order: DecisionOrder, principal: Principal, receipt: Receipt[Made]
    ) -> dict[str, Any]:
        """The gate's answer, durable. Raises UnknownGate, UnknownApp, BadSignal, InvalidInput,
        Overloaded, IdempotencyMismatch; whatever else goes wrong in scoring goes to review."""
        principal.demand(Scope.DECIDE)
        began = time.perf_counter()
        made = await self._make(order, principal, self._gates.get(order.gate, principal))
        return await self._keep([(order, made)], made, receipt, began)

    async def many(
        self,
        gate: str,
        orders: Sequence[DecisionOrder],
        principal: Principal,
        receipt: Receipt[Sequence[Made | BaseException]],
    ) -> dict[str, Any]:
        """One answer for many items of one gate, scored side by side and written as one.

        What is wrong with one item stands in its place. Raises UnknownGate, IdempotencyMismatch,
        and Overloaded where no item at all could be taken.
        """
        principal.demand(Scope.DECIDE)
        began = time.perf_counter()
        policy = self._gates.get(gate, principal)
        each = (self._make(order, principal, policy) for order in orders)
        results = await asyncio.gather(*each, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, GateError):
                log.error("decide.item_crashed", gate=gate, exc_info=result)
        turned_away = [result for result in results if isinstance(result, Overloaded)]
        if turned_away and len(turned_away) == len(results):
            raise turned_away[0]
        made = [
            (order, result)
            for order, result in zip(orders, results, strict=True)
            if not isinstance(result, BaseException)
        ]
        return await self._keep(made, results, receipt, began)

    async def _make(self, order: DecisionOrder, principal: Principal, policy: GatePolicy) -> Made:
        resume = _resume(order, policy)
        share = policy.panel_share
        drawn = share > 0 and self._lot() < share  # before anything is known of the item
        assessment = await self._assessor.assess(
            policy, order.item, order.category, order.signals, order.ai_result
        )
        decision = self._decide(order, principal, policy, resume, assessment, drawn=drawn)
        if policy.guards.redaction is Redaction.STORAGE:
            # In a thread: telephone numbers of many countries take milliseconds to find.
            decision = (await asyncio.to_thread(redacted, decision, self._redactor)).decision
        return decision, self._task(decision, policy)

    async def _keep[T](
        self,
        all_made: Sequence[tuple[DecisionOrder, Made]],
        told: T,
        receipt: Receipt[T],
        began: float,
    ) -> dict[str, Any]:
        records = tuple(
            Record(decision=decision, task=task, draft=draft_of_decision(decision, task))
            for _, (decision, task) in all_made
        )
        entry = Entry(records=records, made=told, receipt=receipt, at=self._clock.now())
        written = await self._recorder.record(entry)
        if written.fresh:
            for order, (decision, _) in all_made:
                self._meter.decided(decision, time.perf_counter() - began)
                self._afterwards(order, decision)
            tasks = [record.task for record in records if record.task]
            news = [Event(topic="task", key=task.id, what="task.created") for task in tasks]
            if news and self._bus.may_wait:
                # In a thread: a bus on the network may be slow to say that it is away.
                await asyncio.to_thread(self._bus.publish, *news)
            elif news:
                self._bus.publish(*news)
        return written.answer

    def _decide(
        self,
        order: DecisionOrder,
        principal: Principal,
        policy: GatePolicy,
        resume: Resume,
        assessment: Assessment,
        *,
        drawn: bool,
    ) -> Decision:
        now = self._clock.now()
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
            category=order.category,
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

    def _task(self, decision: Decision, policy: GatePolicy) -> ReviewTask | None:
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


def judged_by(
    policy: GatePolicy, order: DecisionOrder, assessment: Assessment, *, drawn: bool
) -> tuple[Rule, Zone, Reason]:
    """What the policy makes of an item that was assessed under it; `drawn` says that the panel
    asks about it."""
    rule = policy.rule_for(order.category, source_of(assessment.model_version, order.signals))
    zone, reason = _zone(rule, assessment)
    if reason is Reason.SCORER_FAILED and _rejected_by_rules(policy, rule, order.item):
        zone, reason = Zone.AUTO_REJECT, Reason.RULES
    if drawn and policy.panel.holds and zone is not Zone.HUMAN_REVIEW:
        zone, reason = Zone.HUMAN_REVIEW, Reason.AUDIT_SAMPLE
    return rule, zone, reason


def _zone(rule: Rule, assessment: Assessment) -> tuple[Zone, Reason]:
    if assessment.failure is not None:
        return Zone.HUMAN_REVIEW, assessment.failure
    if rule.uncertified:
        return Zone.HUMAN_REVIEW, Reason.UNCERTIFIED
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


def _resume(order: DecisionOrder, policy: GatePolicy) -> Resume:
    mode = order.resume_mode or policy.resume.mode
    app = order.resume_app or policy.resume.app
    needs_app = mode in (ResumeMode.NATIVE_FORM, ResumeMode.CONTINUATION, ResumeMode.WEBHOOK)
    if order.resume_app is not None and order.resume_app not in policy.apps:
        raise UnknownApp(f"{order.resume_app!r} is not one of the apps of gate {policy.gate!r}.")
    if needs_app and app is None:
        raise UnknownApp(f"resume.mode {mode} needs an app, and gate {policy.gate!r} names none.")
    if mode is ResumeMode.NATIVE_FORM and not (order.run_id and order.user):
        raise InvalidInput(
            "resume.mode native_form needs resume.run_id and resume.user.",
            fix="Map run_id to sys.workflow_run_id and user to sys.user_id in the gate's node.",
        )
    return Resume(mode=mode, app=app if needs_app else None, run_id=order.run_id, user=order.user)
