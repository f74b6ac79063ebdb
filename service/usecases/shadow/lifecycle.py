"""Shadows: try a candidate on a gate's live items, beside what the gate really does with them.

Where the candidate scores as the gate does, nothing is done while items come: what it would have
made of them follows from the scores recorded (see `shadow_report`). Where it scores otherwise,
every process judges the items that it decided (see `shadow_judge`). Either way the truth is in the
store, so a shadow outlives restarts and sees the traffic of all replicas.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

from service.domain.access import Principal, Scope
from service.domain.audit import AuditDraft
from service.domain.errors import InvalidInput, NoShadowRuns, ShadowRuns, UnknownShadow
from service.domain.gate import GatePolicy
from service.domain.gate_document import document_of, policy_of, written_part
from service.domain.ids import GateName
from service.domain.shadow import Shadow, ShadowState
from service.ports.clock import Clock
from service.ports.repositories.policies import StoredPolicy
from service.ports.store import Store, Transaction
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.replay import ReplayGate, scores_otherwise
from service.usecases.shared.audit_events.gates import draft_of_shadow
from service.usecases.shared.idempotency import IdempotentRequest, demand_unanswered, once

log = structlog.get_logger()


class Shadows:
    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        replay: ReplayGate,
        changes: ChangeGate,
        clock: Clock,
    ) -> None:
        self._store = store
        self._gates = gates
        self._replay = replay
        self._changes = changes
        self._clock = clock

    def start(
        self,
        candidate: GatePolicy,
        principal: Principal,
        *,
        note: str = "",
        request: IdempotentRequest[Shadow] | None = None,
    ) -> Shadow:
        """Try the candidate on what comes in from now on. A contract is proven once, on the
        labels of now. Raises UnknownGate, Forbidden, ShadowRuns."""
        principal.demand(Scope.MANAGE)
        with self._store.reading() as tx:  # what was accepted then need not be acceptable now
            demand_unanswered(tx, request)
        known = self._gates.get(candidate.gate, principal)
        if written_part(candidate) == written_part(known):
            raise InvalidInput(
                "The candidate says what the policy in force says.",
                fix="Change what is to be tried.",
            )
        earned, _ = self._replay.earned(known, candidate)
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            last = tx.shadows.latest(known.gate)
            if last is not None and last.state is ShadowState.RUNNING:
                raise ShadowRuns
            shadow = Shadow(
                gate=known.gate,
                number=last.number + 1 if last else 1,
                over=known.version,
                document=document_of(earned),
                judges=scores_otherwise(known, candidate) is not None,
                started_at=self._clock.now(),
                started_by=principal.name,
                note=note,
            )
            tx.shadows.add(shadow)
            started = draft_of_shadow(shadow, "started", principal.name, shadow.started_at)
            tx.audit.append([started])
            return answered(shadow)

    def stop(
        self,
        gate: str,
        principal: Principal,
        *,
        request: IdempotentRequest[Shadow] | None = None,
    ) -> Shadow:
        """End the gate's shadow; what it has found stays. Raises UnknownShadow, NoShadowRuns."""
        principal.demand(Scope.MANAGE)
        self._gates.get(gate, principal)
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            last = tx.shadows.latest(gate)
            if last is None:
                raise UnknownShadow
            ended, draft = _end(tx, last, ShadowState.STOPPED, principal, self._clock.now())
            tx.audit.append([draft])
            return answered(ended)

    def adopt(
        self,
        gate: str,
        make: Callable[[GatePolicy], GatePolicy],
        principal: Principal,
        *,
        over: int | None,
        request: IdempotentRequest[StoredPolicy] | None = None,
    ) -> StoredPolicy:
        """Put in force what `make` makes of the candidate (it checks that all it names is still
        there), over version `over` of the gate, and end the shadow with it.

        Under promises of its own it has to be certified anew, by all labels of then. Raises
        UnknownShadow, NoShadowRuns, what `make` raises, and what `ChangeGate.put` does.
        """
        principal.demand(Scope.MANAGE)
        with self._store.reading() as tx:
            demand_unanswered(tx, request)
        shadow = self.latest(gate, principal)
        if shadow.state is not ShadowState.RUNNING:
            raise NoShadowRuns
        note = f"Tried in shadow since {shadow.started_at:%Y-%m-%d %H:%M} UTC. {shadow.note}"
        candidate = candidate_of(shadow)

        def end(tx: Transaction) -> list[AuditDraft]:
            _, draft = _end(tx, shadow, ShadowState.ADOPTED, principal, self._clock.now())
            return [draft]

        return self._changes.put(
            gate,
            lambda _: make(candidate),
            principal,
            over=over,
            note=note.strip(),
            also=end,
            request=request,
        )

    def latest(self, gate: str, principal: Principal) -> Shadow:
        """The gate's newest shadow. Raises UnknownGate, UnknownShadow."""
        principal.demand(Scope.READ, Scope.MANAGE)
        self._gates.get(gate, principal)
        with self._store.reading() as tx:
            shadow = tx.shadows.latest(gate)
        if shadow is None:
            raise UnknownShadow
        return shadow


def candidate_of(shadow: Shadow) -> GatePolicy:
    """The policy that the shadow tries."""
    return policy_of(GateName(shadow.gate), shadow.over, shadow.document, shadow.started_at)


def _end(
    tx: Transaction, shadow: Shadow, state: ShadowState, principal: Principal, now: datetime
) -> tuple[Shadow, AuditDraft]:
    """The shadow at its end, and what the trail is to say of it. Raises NoShadowRuns."""
    ended = shadow.ended(state, principal.name, now)
    if not tx.shadows.end(ended):
        raise NoShadowRuns
    log.info("shadow.ended", gate=ended.gate, number=ended.number, state=state.value)
    return ended, draft_of_shadow(ended, state.value, principal.name, now)
