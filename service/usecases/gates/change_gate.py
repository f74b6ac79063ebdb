"""Change a gate by hand, or put an earlier version back: always a new version, never an edit."""

from collections.abc import Callable, Sequence

import structlog

from service.domain.access import Principal, Scope
from service.domain.audit import AuditDraft
from service.domain.change import Cause, Change
from service.domain.errors import UnknownVersion
from service.domain.gate import GatePolicy
from service.domain.gate_document import written_part
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.ports.store import Store, Transaction
from service.usecases.gates.policy_cache import GateBook
from service.usecases.gates.policy_versions import carried, earns_alike, policy_from, succeed
from service.usecases.shared.idempotency import IdempotentRequest, once

log = structlog.get_logger()

type Also = Callable[[Transaction], Sequence[AuditDraft]]
"""What is done along with a change, in its transaction, and what the trail says of that."""


def _nothing(_: Transaction) -> Sequence[AuditDraft]:
    return ()


class ChangeGate:
    def __init__(self, *, store: Store, gates: GateBook, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._bus = bus
        self._clock = clock

    def put(
        self,
        name: str,
        wanted: Callable[[GatePolicy], GatePolicy],
        principal: Principal,
        *,
        over: int | None,
        note: str = "",
        also: Also = _nothing,
        request: IdempotentRequest[StoredPolicy] | None = None,
    ) -> StoredPolicy:
        """Put what `wanted` makes of the gate's policy in force over version `over` of it (None:
        over whichever there is). What was earned stays where the promises stay. A policy that is
        written as it was makes no version.

        Raises UnknownGate, Forbidden, ChangedMeanwhile, and what `wanted` and `also` raise.
        """
        principal.demand(Scope.MANAGE)
        known = self._gates.get(name, principal)
        policy = wanted(known)
        if written_part(policy) == written_part(known) and over in (None, known.version):
            return self._unchanged(known, request, also)
        change = Change(cause=Cause.PUT, actor=principal.name, note=note)
        made = carried(policy, known)
        return self._write(made, known.version if over is None else over, change, request, also)

    def put_back(
        self,
        name: str,
        version: int,
        principal: Principal,
        *,
        over: int | None,
        note: str = "",
        request: IdempotentRequest[StoredPolicy] | None = None,
    ) -> StoredPolicy:
        """Put back what an earlier version said, as a new one that names it.

        What it had earned comes along in its newest state: where later labels no longer proved
        it, going back does not prove it again. Raises UnknownVersion too.
        """
        principal.demand(Scope.MANAGE)
        known = self._gates.get(name, principal)
        policy = self.restored(name, version, principal)
        change = Change(cause=Cause.ROLLBACK, actor=principal.name, note=note, restores=version)
        return self._write(policy, known.version if over is None else over, change, request)

    def restored(self, name: str, version: int, principal: Principal) -> GatePolicy:
        """The policy that putting this version back would put in force."""
        self._gates.get(name, principal)
        with self._store.reading() as tx:
            stored = tx.policies.get(name, version)
            if stored is None:
                raise UnknownVersion(f"The gate {name!r} has no version {version}.")
            policy = policy_from(stored)
            return _with_newest_earned(tx, policy)

    def _unchanged(
        self, known: GatePolicy, request: IdempotentRequest[StoredPolicy] | None, also: Also
    ) -> StoredPolicy:
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            stored = tx.policies.get(known.gate, known.version)
            if stored is None:
                raise UnknownVersion
            if drafts := also(tx):
                tx.audit.append(drafts)
            return answered(stored)

    def _write(
        self,
        policy: GatePolicy,
        over: int,
        change: Change,
        request: IdempotentRequest[StoredPolicy] | None,
        also: Also = _nothing,
    ) -> StoredPolicy:
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            drafts = also(tx)  # first: whoever holds the trail's head must wait for no other row
            made = succeed(tx, policy, over=over, change=change, now=self._clock.now())
            if drafts:
                tx.audit.append(drafts)
            [newest] = tx.policies.versions(made.gate, Page(limit=1))
            stored = answered(newest)
        self._gates.load()
        self._bus.publish(Event(topic="gate", key=policy.gate, what="gate.changed"))
        log.info("gate.changed", gate=policy.gate, cause=change.cause.value, actor=change.actor)
        return stored


def _with_newest_earned(tx: Transaction, policy: GatePolicy) -> GatePolicy:
    """The policy with what was last earned, or taken back by an alarm, under promises like its."""
    for stored in tx.policies.all_of(policy.gate):
        if stored.change.cause in (Cause.CERTIFICATE, Cause.ADAPTATION):
            known = policy_from(stored)
            if earns_alike(known, policy):
                return carried(policy, known)
    return policy
