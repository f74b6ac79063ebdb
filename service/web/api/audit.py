"""The audit trail as JSON Lines, and the figures of the queue."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from service.domain.audit import AuditEntry, StoredPayload
from service.web.auth import Caller
from service.web.services import services_of

router = APIRouter(tags=["audit"])

MOST_ENTRIES = 10_000


@router.get("/audit", response_class=StreamingResponse)
def export(
    caller: Caller,
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53, description="Entries behind this seq.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 1000,
) -> StreamingResponse:
    """One entry a line, oldest first; enough to verify the chain elsewhere."""
    entries = services_of(request).access.audit.read(caller, after=after, limit=limit)
    return StreamingResponse(_lines(entries), media_type="application/jsonl")


@router.get("/stats")
def stats(caller: Caller, request: Request) -> dict[str, dict[str, int]]:
    """Per gate, how many review tasks are in each state."""
    counts: dict[str, dict[str, int]] = {}
    for (gate, state), count in services_of(request).review.queries.waiting(caller).items():
        counts.setdefault(gate, {})[state.value] = count
    return counts


def _lines(entries: list[tuple[AuditEntry, StoredPayload | None]]) -> Iterator[str]:
    for entry, stored in entries:
        line: dict[str, Any] = {
            "seq": entry.seq,
            "at": entry.at.isoformat(timespec="microseconds"),
            "kind": entry.kind,
            "subject": entry.subject,
            "actor": entry.actor,
            "payload_hash": entry.payload_hash,
            "previous_hash": entry.previous_hash,
            "hash": entry.hash,
            "salt": stored.salt if stored else None,
            "payload": stored.payload if stored else None,
        }
        yield json.dumps(line, ensure_ascii=False) + "\n"
