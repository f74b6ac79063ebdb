"""The chain: whatever is changed, cut, swapped or put in, verify names the place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from service.domain.audit import (
    AuditDraft,
    AuditEntry,
    Breach,
    ChainHead,
    StoredPayload,
    UnreadableEntry,
    hash_payload,
    link,
    verify,
)
from service.randomness import random_hex

type Link = tuple[AuditEntry, StoredPayload | None]

# JSON as the API lets it in: no surrogates, no NaN.
words = st.text(st.characters(codec="utf-8"))
documents = st.dictionaries(
    words,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
salts = st.builds(random_hex, st.just(16))  # never the same twice, as in the service
drafts = st.builds(
    AuditDraft,
    at=st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    kind=words,
    subject=words,
    actor=words,
    payload=documents,
    salt=salts,
)


def linked(several: list[AuditDraft]) -> tuple[list[Link], ChainHead]:
    head, links = ChainHead(), list[Link]()
    for draft in several:
        entry = link(head, draft)
        stored = StoredPayload(seq=entry.seq, salt=draft.salt, payload=draft.payload)
        links.append((entry, stored))
        head = ChainHead(seq=entry.seq, hash=entry.hash)
    return links, head


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Link], ChainHead, int]:
    """A chain, its head, and the index of the entry that will be tampered with."""
    several = draw(st.lists(drafts, min_size=1, max_size=5))
    links, head = linked(several)
    return links, head, draw(st.integers(0, len(links) - 1))


@given(several=st.lists(drafts, max_size=5))
def test_a_chain_holds_with_and_without_its_payloads(several: list[AuditDraft]) -> None:
    links, head = linked(several)
    assert verify(links, head) is None
    assert verify([(entry, None) for entry, _ in links], head) is None


@given(
    chain=chains(),
    column=st.sampled_from(["kind", "subject", "actor", "payload_hash", "previous_hash", "hash"]),
    value=words,
)
def test_a_changed_field_is_named(
    chain: tuple[list[Link], ChainHead, int], column: str, value: str
) -> None:
    links, head, victim = chain
    entry, stored = links[victim]
    assume(getattr(entry, column) != value)
    changes: dict[str, Any] = {column: value}
    links[victim] = (replace(entry, **changes), stored)
    breach = verify(links, head)
    assert breach is not None
    assert breach.seq == entry.seq


@given(chain=chains(), microseconds=st.integers(1, 10**9))
def test_a_changed_moment_is_named(
    chain: tuple[list[Link], ChainHead, int], microseconds: int
) -> None:
    links, head, victim = chain
    entry, stored = links[victim]
    moved = replace(entry, at=entry.at + timedelta(microseconds=microseconds))
    links[victim] = (moved, stored)
    assert verify(links, head) == Breach(
        seq=entry.seq, what="its own hash does not fit what it says"
    )


@given(chain=chains(), payload=documents)
def test_a_changed_payload_is_named(
    chain: tuple[list[Link], ChainHead, int], payload: dict[str, Any]
) -> None:
    links, head, victim = chain
    entry, stored = links[victim]
    assert stored is not None
    assume(hash_payload("", stored.payload) != hash_payload("", payload))
    links[victim] = (entry, replace(stored, payload=payload))
    assert verify(links, head) == Breach(seq=entry.seq, what="its payload was changed")


@given(chain=chains())
def test_a_missing_entry_is_noticed(chain: tuple[list[Link], ChainHead, int]) -> None:
    links, head, victim = chain
    gone, _ = links.pop(victim)
    breach = verify(links, head)
    assert breach is not None
    assert breach.seq == gone.seq


@given(chain=chains(), intruder=drafts)
def test_a_history_written_anew_ends_elsewhere(
    chain: tuple[list[Link], ChainHead, int], intruder: AuditDraft
) -> None:
    links, head, victim = chain
    rewritten = [
        AuditDraft(
            at=entry.at,
            kind=entry.kind,
            subject=entry.subject,
            actor=entry.actor,
            payload=stored.payload if stored else {},
            salt=random_hex(16),
        )
        for entry, stored in links
    ]
    rewritten[victim] = intruder
    forged, _ = linked(rewritten)
    breach = verify(forged, head)
    assert breach is not None
    assert "its head is" in breach.what


@given(chain=chains())
def test_entries_that_changed_places_are_noticed(
    chain: tuple[list[Link], ChainHead, int],
) -> None:
    links, head, victim = chain
    assume(len(links) > 1)
    other = (victim + 1) % len(links)
    links[victim], links[other] = links[other], links[victim]
    breach = verify(links, head)
    assert breach is not None
    assert breach.seq == min(victim, other) + 1


def test_an_entry_that_cannot_be_read_is_named() -> None:
    def read(_: int) -> Link:
        raise UnreadableEntry(3)

    links = map(read, [3])
    assert verify(links, ChainHead()) == Breach(seq=3, what="it cannot be read")


def test_the_payload_hash_follows_rfc_8785() -> None:
    one = {"b": 2.0, "a": [1e21, "é", None]}
    assert hash_payload("s", one) == hash_payload("s", dict(reversed(one.items())))
    assert hash_payload("s", one) != hash_payload("t", one)
    assert hash_payload("s", {"id": 2**60}) != hash_payload("s", {"id": 2**60 + 1})
