"""Guard: look at an item before it is scored, and keep what a guard holds back from the model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from service.domain.decision import Assessment, Item, Reason
from service.domain.gate import GatePolicy
from service.domain.guard import Finding, Note, Place
from service.domain.values import Json
from service.ports.guard import Guard
from service.usecases.decisions.assess import Assessor

log = structlog.get_logger()


class GuardedAssessor:
    """An assessor behind a guard."""

    def __init__(self, assessor: Assessor, guard: Guard) -> None:
        self._assessor = assessor
        self._guard = guard

    async def assess(
        self,
        policy: GatePolicy,
        item: Item,
        category: str | None,
        signals: Mapping[str, Any] | None,
        ai_result: Json,
    ) -> Assessment:
        """As the assessor says, with the guard's notes on it. Raises what the assessor raises.

        An item that a guard holds back is not shown to a model: a text that talks to models would
        have its way with some, a flood would cost, and the score of either would mislead people.
        """
        notes = await self._notes(policy, item, signals, ai_result)
        if signals is None and any(note.place is not Place.AI_RESULT for note in notes):
            return Assessment(confidence=None, notes=tuple(map(str, notes)))
        assessment = await self._assessor.assess(policy, item, category, signals, ai_result)
        if not notes:
            return assessment
        return replace(assessment, notes=(*map(str, notes), *assessment.notes))

    async def unscored(
        self, policy: GatePolicy, item: Item, ai_result: Json, why: Reason
    ) -> Assessment:
        """No confidence, whatever a model would say; the guard's notes still help who looks."""
        notes = await self._notes(policy, item, None, ai_result)
        return Assessment(confidence=None, failure=why, notes=tuple(map(str, notes)))

    async def _notes(
        self,
        policy: GatePolicy,
        item: Item,
        signals: Mapping[str, Any] | None,
        ai_result: Json,
    ) -> tuple[Note, ...]:
        try:
            reads = self._assessor.reads(policy)
            notes = await self._guard.inspect(item, ai_result, policy.guards, reads)
            if signals and (samples := signals.get("samples")):
                # Answers too, of which one is the result: agreement on nothing proves nothing.
                notes += await self._guard.inspect(Item(), samples, policy.guards)
            return tuple(dict.fromkeys(notes))
        except Exception:  # what it would have seen, nobody knows: a person looks
            log.exception("guard.failed", gate=policy.gate)
            return (Note(finding=Finding.GUARD_FAILED),)
