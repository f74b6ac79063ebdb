"""The audit chain: each entry holds the hash of the one before, so a change shows.

The chain itself holds only salted hashes of the payloads (what was judged, said, written), so
that a payload can be erased and the chain stays whole. Canonical JSON is RFC 8785, the hash is
SHA-256.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from service.domain.canonical import canonical, plain

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class AuditDraft:
    """Something that happened, before it has its place in the chain."""

    at: datetime
    kind: str  # "decision.made", "task.claimed", "delivery.delivered", ...
    subject: str  # the id of what it happened to
    actor: str  # who did it: a key, a person, "policy", "worker"
    payload: dict[str, Any]
    salt: str  # random, so that an erased payload cannot be guessed from its hash

    @cached_property
    def plain(self) -> bytes | None:
        """The payload in canonical JSON, made once; None where that reads back as another value."""
        return plain(self.payload)

    @cached_property
    def payload_hash(self) -> str:
        """Lowercase hex; made once. Raises ValueError for what canonical JSON cannot hold."""
        return _hash_text(self.salt, self.plain or canonical(self.payload))

    def seal(self) -> None:
        """Make the payload's text and hash now, rather than while others wait for the chain."""
        _ = self.payload_hash


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


class UnreadableEntry(Exception):
    """An entry cannot even be read back: what is stored there is not what was written."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"entry {seq} cannot be read")
        self.seq = seq


def hash_payload(salt: str, payload: dict[str, Any]) -> str:
    return _hash_text(salt, canonical(payload))


def _hash_text(salt: str, text: bytes) -> str:
    return hashlib.sha256(salt.encode() + b"\n" + text).hexdigest()


def _hash_entry(
    *, seq: int, at: datetime, kind: str, subject: str, actor: str, payload_hash: str, previous: str
) -> str:
    return hashlib.sha256(
        canonical(
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
    return AuditEntry(
        seq=seq,
        at=draft.at,
        kind=draft.kind,
        subject=draft.subject,
        actor=draft.actor,
        payload_hash=draft.payload_hash,
        previous_hash=head.hash,
        hash=_hash_entry(
            seq=seq,
            at=draft.at,
            kind=draft.kind,
            subject=draft.subject,
            actor=draft.actor,
            payload_hash=draft.payload_hash,
            previous=head.hash,
        ),
    )


def verify(
    entries: Iterable[tuple[AuditEntry, StoredPayload | None]], head: ChainHead
) -> Breach | None:
    """The first place where the chain does not hold, or None. Payloads may have been erased."""
    try:
        return _first_breach(entries, head)
    except UnreadableEntry as unreadable:
        return Breach(seq=unreadable.seq, what="it cannot be read")


def _first_breach(
    entries: Iterable[tuple[AuditEntry, StoredPayload | None]], head: ChainHead
) -> Breach | None:
    last = ChainHead()
    for entry, stored in entries:
        if entry.seq != last.seq + 1:
            return Breach(seq=last.seq + 1, what=f"entry {last.seq + 1} is missing")
        if entry.previous_hash != last.hash:
            return Breach(seq=entry.seq, what="it does not follow from the entry before it")
        if not _fits(entry):
            return Breach(seq=entry.seq, what="its own hash does not fit what it says")
        if stored and not _holds(stored, entry):
            return Breach(seq=entry.seq, what="its payload was changed")
        last = ChainHead(seq=entry.seq, hash=entry.hash)
    if last != head:
        return Breach(
            seq=last.seq + 1, what=f"the chain ends at {last.seq}, its head is {head.seq}"
        )
    return None


def _fits(entry: AuditEntry) -> bool:
    try:
        expected = _hash_entry(
            seq=entry.seq,
            at=entry.at,
            kind=entry.kind,
            subject=entry.subject,
            actor=entry.actor,
            payload_hash=entry.payload_hash,
            previous=entry.previous_hash,
        )
    except ValueError:  # it says something that was never hashed
        return False
    return entry.hash == expected


def _holds(stored: StoredPayload, entry: AuditEntry) -> bool:
    try:
        return hash_payload(stored.salt, stored.payload) == entry.payload_hash
    except ValueError:  # it holds something that was never hashed
        return False
