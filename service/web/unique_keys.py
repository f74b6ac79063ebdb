"""Refuse a body that names a key twice, before anything is done with it."""

from typing import Any

from fastapi import Request

from plugin.contract import unique_keys
from plugin.contract.unique_keys import RepeatedKey
from service.domain.errors import DuplicateKey

BATCHES = ":batch"
"""Where a path ends so, each item of the body stands or falls alone: its route looks at them."""


async def demand_unique_keys(request: Request) -> None:
    """Raises DuplicateKey. What cannot be read as JSON is left to who reads it."""
    if request["path"].endswith(BATCHES) or not _is_json(request):
        return
    body = await request.body()
    try:
        if body:
            unique_keys.loads(body)
    except RepeatedKey as found:
        raise duplicate(found) from None
    except (ValueError, RecursionError):
        return


def items_of(body: bytes) -> list[Any]:
    """The `items` of a batch; in the place of one that names a key twice, the problem. Raises
    DuplicateKey where the batch itself does."""
    batch = unique_keys.loads_marked(body)
    if isinstance(batch, RepeatedKey):
        raise duplicate(batch)
    found = ((item, unique_keys.repeated_in(item)) for item in batch["items"])
    return [duplicate(mark) if mark else item for item, mark in found]


def duplicate(found: RepeatedKey) -> DuplicateKey:
    return DuplicateKey(f"The body names the key {found.key!r} twice in one object.")


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not media_type or "json" in media_type
