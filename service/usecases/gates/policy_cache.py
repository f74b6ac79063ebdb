"""The gates in force: the newest version of every policy, and how another one gets in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from service.domain.access import Principal
from service.domain.change import BY_PEOPLE, Cause, Change
from service.domain.errors import Conflict, UnknownGate, UnknownVersion
from service.domain.gate import GatePolicy
from service.domain.gate_document import written_part
from service.ports.page import Page
from service.ports.repositories.certificates import StoredCertificate
from service.ports.repositories.policies import StoredPolicy
from service.ports.store import Store
from service.usecases.gates.policy_versions import carried, latest, policy_from, write
from service.usecases.shared.periodic import PeriodicTask

log = structlog.get_logger()

FROM_FILE = Change(cause=Cause.FILE, actor="configuration")

REFRESH_EVERY_SECONDS = 2.0
"""How late a running service notices a version that another process wrote."""


class GateBook:
    """Policies by name, read from the store now and then. Asking for a gate costs no query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policies: Mapping[str, GatePolicy] = {}
        self._offered: frozenset[str] = frozenset()
        self._overruled: frozenset[str] = frozenset()

    def load(self) -> None:
        with self._store.reading() as tx:
            self._policies = latest(tx)

    def periodic_task(self) -> PeriodicTask:
        """Notice versions that other processes write. Until then the gates known stay in force."""
        return PeriodicTask(
            name="gates",
            turn=lambda _: self.load(),
            every_seconds=REFRESH_EVERY_SECONDS,
            failure_event="gates.not_refreshed",
        )

    def adopt(self, configured: Iterable[GatePolicy], now: datetime) -> None:
        """Make new versions of the gates whose configuration has changed since it was last read.

        A gate that is written as it was keeps its version, and with it what it has earned. One
        that somebody changed since stays as they left it, with a warning (see `overruled`). One
        that is no longer written takes no more items; those that wait there are still reviewed.
        """
        configured = list(configured)
        try:
            self._overruled = self._write_changed(configured, now)
        except Conflict:  # a process that starts at the same moment was quicker: read what it wrote
            self._overruled = self._write_changed(configured, now)
        self._offered = frozenset(policy.gate for policy in configured)
        self.load()

    def _write_changed(self, configured: Sequence[GatePolicy], now: datetime) -> frozenset[str]:
        """Write what the file has changed. Returns the gates where it could not."""
        overruled: set[str] = set()
        with self._store.transaction() as tx:
            newest = latest(tx)
            read = {stored.gate: stored for stored in tx.policies.latest(causes=[Cause.FILE])}
            by_people = {stored.gate: stored for stored in tx.policies.latest(causes=BY_PEOPLE)}
            drafts = []
            for policy in configured:
                gate, written = policy.gate, written_part(policy)
                before, theirs, known = read.get(gate), by_people.get(gate), newest.get(gate)
                if before and written_part(policy_from(before)) == written:
                    continue
                stands = before and theirs and theirs.version > before.version
                # From where both say the same, the file counts again.
                if stands and known and theirs and written_part(known) != written:
                    overruled.add(gate)
                    _warn(theirs)
                    continue
                drafts.append(write(tx, carried(policy, known), known, FROM_FILE, now)[1])
            tx.audit.append(drafts)
        return frozenset(overruled)

    def is_overruled(self, name: str) -> bool:
        """Whether the file says something else of the gate than is in force, since somebody
        changed the gate after the file was last taken over."""
        return name in self._overruled

    def versions(self, name: str, principal: Principal, page: Page) -> list[StoredPolicy]:
        """The gate's history, newest first. Raises UnknownGate."""
        self.get(name, principal)
        with self._store.reading() as tx:
            return tx.policies.versions(name, page)

    def version(self, name: str, version: int, principal: Principal) -> StoredPolicy:
        """One version of the gate. Raises UnknownGate, UnknownVersion."""
        self.get(name, principal)
        with self._store.reading() as tx:
            stored = tx.policies.get(name, version)
        if stored is None:
            raise UnknownVersion(f"The gate {name!r} has no version {version}.")
        return stored

    def certificates(self, policy: GatePolicy) -> list[StoredCertificate]:
        """The certificates that the policy stands on, the gate's own first."""
        with self._store.reading() as tx:
            ids = dict.fromkeys(one.certificate for one in policy.certified.values())
            found = map(tx.certificates.get, ids)
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


def _warn(theirs: StoredPolicy) -> None:
    log.warning(
        "gate.file_ignored",
        gate=theirs.gate,
        changed_by=theirs.change.actor,
        in_version=theirs.version,
        fix="The gate was changed after the file was last read, and stays so. Change it by PUT or "
        "on its page; once both say the same, the file counts again.",
    )
