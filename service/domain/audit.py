"""The audit chain: each entry holds the hash of the one before, so a change shows.

The chain itself holds only salted hashes of the payloads (what was judged, said, written), so
that a payload can be erased and the chain stays whole. Canonical JSON is RFC 8785, the hash is
SHA-256.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class AuditDraft:
    """Something that happened, before it has its place in the chain."""

    at: datetime
    kind: str  # "decision.made", "task.claimed", "delivery.delivered", ...
    subject: str  # the id of what it happened to
    actor: str  # who did it: a key, a person, "policy", "worker"
    payload: dict[str, Any]
    salt: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """A link of the chain. `seq` starts at 1 and has no gaps; hashes are lowercase hex."""

    seq: int
    at: datetime
    kind: str
    subject: str
    actor: str
    payload_hash: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class ChainHead:
    """The newest link: what the next entry builds on, and what a cut-off tail is noticed by."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, kw_only=True)
class StoredPayload:
    seq: int
    salt: str
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Where the chain does not hold, and how."""

    seq: int
    what: str


def hash_payload(salt: str, payload: dict[str, Any]) -> str:
    return hashlib.sha256(salt.encode() + b"\n" + rfc8785.dumps(payload)).hexdigest()


def _hash_entry(
    *, seq: int, at: datetime, kind: str, subject: str, actor: str, payload_hash: str, previous: str
) -> str:
    return hashlib.sha256(
        rfc8785.dumps(
            {
                "seq": seq,
                "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
                "kind": kind,
                "subject": subject,
                "actor": actor,
                "payload_hash": payload_hash,
                "previous_hash": previous,
            }
        )
    ).hexdigest()


def link(head: ChainHead, draft: AuditDraft) -> AuditEntry:
    """The entry that puts `draft` behind `head`."""
    seq = head.seq + 1
    payload_hash = hash_payload(draft.salt, draft.payload)
    return AuditEntry(
        seq=seq,
        at=draft.at,
        kind=draft.kind,
        subject=draft.subject,
        actor=draft.actor,
        payload_hash=payload_hash,
        previous_hash=head.hash,
        hash=_hash_entry(
            seq=seq,
            at=draft.at,
            kind=draft.kind,
            subject=draft.subject,
            actor=draft.actor,
            payload_hash=payload_hash,
            previous=head.hash,
        ),
    )


def verify(
    entries: Iterable[tuple[AuditEntry, StoredPayload | None]], head: ChainHead
) -> Breach | None:
    """The first place where the chain does not hold, or None. Payloads may have been erased."""
    last = ChainHead()
    for entry, stored in entries:
        if entry.seq != last.seq + 1:
            return Breach(seq=last.seq + 1, what=f"entry {last.seq + 1} is missing")
        if entry.previous_hash != last.hash:
            return Breach(seq=entry.seq, what="it does not follow from the entry before it")
        expected = _hash_entry(
            seq=entry.seq,
            at=entry.at,
            kind=entry.kind,
            subject=entry.subject,
            actor=entry.actor,
            payload_hash=entry.payload_hash,
            previous=entry.previous_hash,
        )
        if entry.hash != expected:
            return Breach(seq=entry.seq, what="its own hash does not fit what it says")
        if stored and hash_payload(stored.salt, stored.payload) != entry.payload_hash:
            return Breach(seq=entry.seq, what="its payload was changed")
        last = ChainHead(seq=entry.seq, hash=entry.hash)
    if last != head:
        return Breach(
            seq=last.seq + 1, what=f"the chain ends at {last.seq}, its head is {head.seq}"
        )
    return None
