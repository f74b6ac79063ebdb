"""The gates in force: the newest version of every policy, and how another one gets in."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from service.domain.access import Principal
from service.domain.audit import AuditDraft
from service.domain.errors import Conflict, UnknownGate
from service.domain.gate import Certified, GatePolicy
from service.domain.gate_document import document_of, policy_of, written_part
from service.domain.guard import Redaction
from service.domain.ids import GateName
from service.ports.store import Page, Store, StoredCertificate, StoredPolicy, Transaction

log = structlog.get_logger()

FROM_CONFIG = "config"
FROM_CERTIFICATE = "certificate"

REFRESH_EVERY_SECONDS = 2.0
"""How late a running service notices a version that another process wrote."""


class GateBook:
    """Policies by name, read from the store now and then. Asking for a gate costs no query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policies: Mapping[str, GatePolicy] = {}
        self._offered: frozenset[str] = frozenset()

    def load(self) -> None:
        with self._store.reading() as tx:
            self._policies = {stored.gate: _policy(stored) for stored in tx.policies.latest()}

    def follow(self, stop: threading.Event) -> None:
        """Notice versions that other processes write, until told to stop."""
        while not stop.wait(REFRESH_EVERY_SECONDS):
            try:
                self.load()
            except Exception:  # the store may be away for a while; the gates known stay in force
                log.exception("gates.not_refreshed")

    def adopt(self, configured: Iterable[GatePolicy], now: datetime) -> None:
        """Make new versions of the gates whose configuration has changed since it was last read.

        A gate that is written as it was keeps its version, and with it what it has earned. One
        that is no longer written takes no more items; those that wait there are still reviewed.
        """
        configured = list(configured)
        try:
            self._write_changed(configured, now)
        except Conflict:  # a process that starts at the same moment was quicker: read what it wrote
            self._write_changed(configured, now)
        self._offered = frozenset(policy.gate for policy in configured)
        self.load()

    def _write_changed(self, configured: Sequence[GatePolicy], now: datetime) -> None:
        with self._store.transaction() as tx:
            latest = {stored.gate: _policy(stored) for stored in tx.policies.latest()}
            from_config = {
                stored.gate: stored.document["written"]
                for stored in tx.policies.latest(cause=FROM_CONFIG)
            }
            drafts = []
            for policy in configured:
                if from_config.get(policy.gate) == written_part(policy):
                    continue
                known = latest.get(policy.gate)
                kept = known.certified if known and _earns_alike(known, policy) else {}
                made = replace(policy, certified=kept)
                drafts.append(_write(tx, made, known, FROM_CONFIG, now)[1])
            tx.audit.append(drafts)

    def certify(
        self,
        policy: GatePolicy,
        earned: Mapping[str | None, Certified],
        now: datetime,
        tx: Transaction,
    ) -> GatePolicy:
        """A new version of the gate that stands on these certificates, in the transaction that
        stores them; call `load` afterwards. Raises Conflict where `policy` was overtaken: what
        was proven of it need not be wanted of its successor."""
        newest = next((one for one in tx.policies.latest() if one.gate == policy.gate), None)
        if newest is None or newest.version != policy.version:
            raise Conflict(
                f"The gate {policy.gate!r} was changed meanwhile.", fix="Certify it as it is now."
            )
        made, draft = _write(tx, replace(policy, certified=earned), policy, FROM_CERTIFICATE, now)
        tx.audit.append([draft])
        return made

    def versions(self, name: str, principal: Principal, page: Page) -> list[StoredPolicy]:
        """The gate's history, newest first. Raises UnknownGate."""
        self.get(name, principal)
        with self._store.reading() as tx:
            return tx.policies.versions(name, page)

    def certificates(self, policy: GatePolicy) -> list[StoredCertificate]:
        """The certificates that the policy stands on, the gate's own first."""
        with self._store.reading() as tx:
            found = (tx.certificates.get(one.certificate) for one in policy.certified.values())
            return [certificate for certificate in found if certificate is not None]

    def get(self, name: str, principal: Principal) -> GatePolicy:
        """The gate, if there is one that this principal may see. Raises UnknownGate."""
        policy = self._policies.get(name)
        if policy is None or name not in self._offered or not principal.sees(name):
            raise UnknownGate(f"There is no gate named {name!r} for this key.")
        return policy

    def of(self, name: str) -> GatePolicy:
        """The gate, for the service itself: also one that is no longer offered."""
        return self._policies[name]

    def offered(self) -> list[GatePolicy]:
        """Every gate that takes items, for the service itself."""
        return [p for name, p in sorted(self._policies.items()) if name in self._offered]

    def visible_to(self, principal: Principal) -> list[GatePolicy]:
        return [policy for policy in self.offered() if principal.sees(policy.gate)]


def _policy(stored: StoredPolicy) -> GatePolicy:
    return policy_of(GateName(stored.gate), stored.version, stored.document, stored.created_at)


def _earns_alike(known: GatePolicy, policy: GatePolicy) -> bool:
    """Whether a certificate of the one says as much of the other: same contract, same scores, and
    the same items kept from the thresholds."""
    return _terms(known) == _terms(policy)


def _terms(policy: GatePolicy) -> tuple[object, ...]:
    guards = replace(policy.guards, redaction=Redaction.NONE)  # who sees what changes no decision
    return policy.contract, policy.scorer, policy.labels, policy.approve_labels, guards


def _write(
    tx: Transaction, policy: GatePolicy, known: GatePolicy | None, cause: str, now: datetime
) -> tuple[GatePolicy, AuditDraft]:
    """The next version, stored, and what the trail says of it. The caller appends that once all
    versions are stored: whoever holds the trail's head must wait for no other row."""
    made = replace(policy, version=known.version + 1 if known else 1, created_at=now)
    document = document_of(made)
    tx.policies.add(
        StoredPolicy(
            gate=made.gate, version=made.version, document=document, cause=cause, created_at=now
        )
    )
    return made, AuditDraft(
        at=now,
        kind="gate.changed",
        subject=made.gate,
        actor=cause,
        payload={"version": made.version, "policy": document},
    )
