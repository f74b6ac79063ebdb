"""Decide: assess an item, find its zone, and write decision, task and audit entry as one."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from service.domain.access import Principal, Scope
from service.domain.decision import Assessment, Decision
from service.domain.errors import GateError, Overloaded
from service.domain.gate import GatePolicy
from service.domain.guard import Redaction
from service.domain.review import ReviewTask
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.meter import Meter
from service.randomness import random_share
from service.usecases.decisions.decide_command import DecisionOrder, resume_of
from service.usecases.decisions.group_commit import Entry, Record, Recorder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.policy_evaluation import decided
from service.usecases.decisions.task_factory import Questions
from service.usecases.gates.policy_cache import GateBook
from service.usecases.shared.audit_events.decisions import draft_of_decision
from service.usecases.shared.idempotency import IdempotentRequest
from service.usecases.shared.redaction import redacted

log = structlog.get_logger()

type Made = tuple[Decision, ReviewTask | None]
type Results = Sequence[Made | BaseException]


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
        afterwards: Callable[[DecisionOrder, Decision], None] = lambda *_: None,
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
        self._questions = Questions(lot)
        self._afterwards = afterwards

    async def __call__(
        self,
        order: DecisionOrder,
        principal: Principal,
        *,
        request: IdempotentRequest[Made] | None = None,
    ) -> Made:
        """What the gate decides, durable. Raises UnknownGate, UnknownApp, BadSignal, InvalidInput,
        Overloaded, IdempotencyMismatch, AlreadyAnswered; whatever else goes wrong in scoring goes
        to review."""
        principal.demand(Scope.DECIDE)
        began = time.perf_counter()
        made = await self._make(order, principal, self._gates.get(order.gate, principal))
        await self._keep([(order, made)], made, request, began)
        return made

    async def many(
        self,
        gate: str,
        orders: Sequence[DecisionOrder],
        principal: Principal,
        *,
        request: IdempotentRequest[Results] | None = None,
    ) -> Results:
        """The decisions on many items of one gate, scored side by side and written as one.

        What is wrong with one item stands in its place. Raises UnknownGate, IdempotencyMismatch,
        AlreadyAnswered, and Overloaded where no item at all could be taken.
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
        await self._keep(made, results, request, began)
        return results

    async def _make(self, order: DecisionOrder, principal: Principal, policy: GatePolicy) -> Made:
        resume = resume_of(order, policy)
        share = policy.panel_share
        drawn = share > 0 and self._lot() < share  # before anything is known of the item
        assessment = await self._assess(order, policy)
        decision = decided(
            order, principal, policy, resume, assessment, drawn=drawn, now=self._clock.now()
        )
        if policy.guards.redaction is Redaction.STORAGE:
            # In a thread: telephone numbers of many countries take milliseconds to find.
            decision = (await asyncio.to_thread(redacted, decision, self._redactor)).decision
        return decision, self._questions.of(decision, policy)

    async def _assess(self, order: DecisionOrder, policy: GatePolicy) -> Assessment:
        why_not = order.unjudgeable
        if why_not is not None:
            return await self._assessor.unscored(policy, order.item, order.ai_result, why_not)
        return await self._assessor.assess(
            policy, order.item, order.category, order.signals, order.ai_result
        )

    async def _keep[T](
        self,
        all_made: Sequence[tuple[DecisionOrder, Made]],
        told: T,
        request: IdempotentRequest[T] | None,
        began: float,
    ) -> None:
        records = tuple(
            Record(decision=decision, task=task, draft=draft_of_decision(decision, task))
            for _, (decision, task) in all_made
        )
        answer = partial(request.answered, told, self._clock.now()) if request else None
        await self._recorder.record(Entry(records=records, answer=answer))
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
