"""Judge live items by shadows' candidates that score otherwise than their gates, afterwards.

A decision that is made and told is laid on a short queue; a thread of its own takes it from there.
What does not fit is let go: it shows in the report as not judged, and in the metrics. So a shadow
changes no decision, and none waits for it. A model it shares with live items: up to AT_ONCE of its
own wait there among them, and where the model's queue is that close to full, live ones may be
turned away for them.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty, Full, Queue

import structlog

from service.domain.decision import Assessment, Decision, Reason, source_of
from service.domain.errors import ScorerFailed
from service.domain.shadow import Judgement, Shadow
from service.ports.meter import Meter
from service.ports.store import Store
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.policy_evaluation import judged_by
from service.usecases.shadow.lifecycle import candidate_of
from service.usecases.shared.periodic import Failures

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0
"""How late a running service notices a shadow that another process started or ended."""
MOST_WAITING = 1_024
AT_ONCE = 8
WAIT_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    shadow: Shadow
    order: DecisionOrder
    decision: Decision


class ShadowJudge:
    def __init__(self, *, store: Store, assessor: GuardedAssessor, meter: Meter) -> None:
        self._store = store
        self._assessor = assessor
        self._meter = meter
        self._shadows: Mapping[str, Shadow] = {}
        self._queue: Queue[_Waiting] = Queue(MOST_WAITING)

    def load(self) -> None:
        with self._store.reading() as tx:
            self._shadows = {one.gate: one for one in tx.shadows.running() if one.judges}

    def offer(self, order: DecisionOrder, decision: Decision) -> None:
        """Have the item judged, if a shadow wants that and there is room. Never waits or fails."""
        shadow = self._shadows.get(decision.gate)
        if shadow is None or decision.created_at < shadow.started_at:
            return
        if order.unjudgeable is not None:  # for any model alike
            return
        try:
            self._queue.put_nowait(_Waiting(shadow=shadow, order=order, decision=decision))
        except Full:
            self._meter.shadowed(decision.gate, "dropped")

    def run(self, stop: threading.Event) -> None:
        """Judge what was laid down, and notice shadows, until told to stop."""
        failures = Failures(task="shadows", event="shadow.failed", meter=self._meter)
        looked = float("-inf")
        with asyncio.Runner() as runner:  # one loop: scorers keep connections that belong to it
            while not stop.is_set():
                pause = WAIT_SECONDS
                with failures.survived():  # a turn's items may be lost, and are told as not judged
                    if time.monotonic() - looked >= LOOK_EVERY_SECONDS:
                        looked = time.monotonic()
                        self.load()
                    began = time.monotonic()
                    judged = self.judge_some(runner)
                    # As long a rest as the work took: live items go first.
                    took = time.monotonic() - began
                    pause = min(took, LOOK_EVERY_SECONDS) if judged else 0.0
                stop.wait(pause)

    def judge_some(self, runner: asyncio.Runner) -> int:
        """Judge a few of those that wait, waiting a moment for the first. Returns how many."""
        taken = self._take()
        if taken:
            judgements = runner.run(self._judge(taken))
            with self._store.transaction() as tx:
                tx.shadows.judged(judgements)
            for one in judgements:
                self._meter.shadowed(one.gate, "judged")
        return len(taken)

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        try:
            taken.append(self._queue.get(timeout=WAIT_SECONDS))
            while len(taken) < AT_ONCE:
                taken.append(self._queue.get_nowait())
        except Empty:
            pass
        return taken

    async def _judge(self, taken: list[_Waiting]) -> list[Judgement]:
        found = await asyncio.gather(*map(self._judged, taken), return_exceptions=True)
        for one, waiting in zip(found, taken, strict=True):
            if isinstance(one, BaseException):
                self._meter.shadowed(waiting.decision.gate, "failed")
                log.warning("shadow.not_judged", gate=waiting.decision.gate, exc_info=one)
        return [one for one in found if isinstance(one, Judgement)]

    async def _judged(self, waiting: _Waiting) -> Judgement:
        order, candidate = waiting.order, candidate_of(waiting.shadow)
        assessment: Assessment = await self._assessor.assess(
            candidate, order.item, order.category, order.signals, order.ai_result
        )
        if assessment.failure in (Reason.SCORER_FAILED, Reason.SCORER_TIMED_OUT):
            # That a model was away is no judgement: people would be its answer to everything.
            raise ScorerFailed(f"The candidate's scorer gave no score: {assessment.failure}.")
        _, zone, _ = judged_by(candidate, order, assessment, drawn=waiting.decision.panel)
        return Judgement(
            gate=waiting.shadow.gate,
            number=waiting.shadow.number,
            decision_id=waiting.decision.id,
            zone=zone,
            confidence=assessment.confidence,
            raw_score=assessment.raw_score,
            spread=assessment.spread,
            source=source_of(assessment.model_version, order.signals),
        )
