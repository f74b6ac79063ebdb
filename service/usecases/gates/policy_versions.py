"""Versions of a gate: how the next one is written, with its cause, and read back.

Whoever changes a gate (the file, a person, a certificate, adaptation) comes through here.
"""

from dataclasses import replace
from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.change import Change
from service.domain.errors import ChangedMeanwhile
from service.domain.gate import GatePolicy
from service.domain.gate_document import document_of, policy_of
from service.domain.guard import Redaction
from service.domain.ids import GateName
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.ports.store import Transaction
from service.usecases.shared.audit_events.gates import draft_of_version


def policy_from(stored: StoredPolicy) -> GatePolicy:
    """The policy that a version holds."""
    return policy_of(GateName(stored.gate), stored.version, stored.document, stored.created_at)


def latest(tx: Transaction) -> dict[str, GatePolicy]:
    """The newest version of every gate, by its name."""
    return {stored.gate: policy_from(stored) for stored in tx.policies.latest()}


def newest(tx: Transaction, gate: str) -> GatePolicy | None:
    """The gate's newest version."""
    found = tx.policies.versions(gate, Page(limit=1))
    return policy_from(found[0]) if found else None


def succeed(
    tx: Transaction, policy: GatePolicy, *, over: int, change: Change, now: datetime
) -> GatePolicy:
    """The next version of the gate, in the transaction of what led to it; call `GateBook.load`
    afterwards. Raises ChangedMeanwhile unless `over` is the newest version: what was decided
    about that one need not be wanted of its successor."""
    known = newest(tx, policy.gate)
    if known is None or known.version != over:
        raise ChangedMeanwhile(
            f"The gate {policy.gate!r} was changed meanwhile: it is at version "
            f"{known.version if known else 0}, not {over}."
        )
    made, draft = write(tx, policy, known, change, now)
    tx.audit.append([draft])
    return made


def write(
    tx: Transaction, policy: GatePolicy, known: GatePolicy | None, change: Change, now: datetime
) -> tuple[GatePolicy, AuditDraft]:
    """The version after `known`, stored, and what the trail says of it. The caller appends that
    once all versions are stored: whoever holds the trail's head must wait for no other row."""
    made = replace(policy, version=known.version + 1 if known else 1, created_at=now)
    stored = StoredPolicy(
        gate=made.gate,
        version=made.version,
        document=document_of(made),
        change=change,
        created_at=now,
    )
    tx.policies.add(stored)
    return made, draft_of_version(stored)


def carried(policy: GatePolicy, known: GatePolicy | None) -> GatePolicy:
    """The policy with what the known one has earned, and how that has been adapted since, where
    both promise the same; with nothing otherwise."""
    if known is None or not earns_alike(known, policy):
        return replace(policy, certified={}, adapted=None)
    return replace(policy, certified=known.certified, adapted=known.adapted)


def earns_alike(one: GatePolicy, other: GatePolicy) -> bool:
    """Whether a certificate of the one says as much of the other: same promises, same scores, the
    same items kept from the thresholds, and the same items in each category."""
    return one.contract is not None and _terms(one) == _terms(other)


def _terms(policy: GatePolicy) -> tuple[object, ...]:
    promised = policy.contract and policy.contract.promised
    guards = replace(policy.guards, redaction=Redaction.NONE)  # who sees what changes no decision
    scored = policy.scorer, policy.by_language, policy.labels, policy.approve_labels
    return promised, scored, policy.samples, guards, policy.renamed
