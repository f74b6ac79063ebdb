"""The gates in force: the newest version of every policy, and how a configured one gets in."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from service.domain.access import Principal
from service.domain.audit import AuditDraft
from service.domain.errors import UnknownGate
from service.domain.gate import GatePolicy
from service.domain.gate_document import document_of, policy_of
from service.domain.ids import GateName
from service.ports.store import Store, StoredPolicy

log = structlog.get_logger()


class GateBook:
    """Policies by name, read once from the store. Reading a gate costs no query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policies: dict[str, GatePolicy] = {}

    def load(self) -> None:
        with self._store.reading() as tx:
            self._policies = {
                stored.gate: policy_of(
                    GateName(stored.gate), stored.version, stored.document, stored.created_at
                )
                for stored in tx.policies.latest()
            }

    def adopt(self, configured: Iterable[GatePolicy], now: datetime) -> None:
        """Make the configured policies the newest versions where they differ from the last ones.

        A gate that was changed through the API since keeps its change, and a warning says so.
        """
        with self._store.transaction() as tx:
            latest = {stored.gate: stored for stored in tx.policies.latest()}
            for policy in configured:
                document, known = document_of(policy), latest.get(policy.gate)
                if known and known.document == document:
                    continue
                if known and known.cause == "api":
                    log.warning(
                        "gate.config_ignored",
                        gate=policy.gate,
                        reason="changed through the API since; PUT the gate to change it again",
                    )
                    continue
                version = known.version + 1 if known else 1
                tx.policies.add(
                    StoredPolicy(
                        gate=policy.gate,
                        version=version,
                        document=document,
                        cause="config",
                        created_at=now,
                    )
                )
                tx.audit.append(
                    [
                        AuditDraft(
                            at=now,
                            kind="gate.changed",
                            subject=policy.gate,
                            actor="config",
                            payload={"version": version, "policy": document},
                        )
                    ]
                )
        self.load()

    def get(self, name: str, principal: Principal) -> GatePolicy:
        """The gate, if there is one that this principal may see. Raises UnknownGate."""
        policy = self._policies.get(name)
        if policy is None or not principal.sees(name):
            raise UnknownGate(f"There is no gate named {name!r} for this key.")
        return policy

    def of(self, name: str) -> GatePolicy:
        """The gate, for the service itself."""
        return self._policies[name]

    def visible_to(self, principal: Principal) -> list[GatePolicy]:
        return [p for name, p in sorted(self._policies.items()) if principal.sees(name)]
