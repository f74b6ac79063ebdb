"""News for open pages: something about the queue or a delivery changed, so look again.

An event names no item: what changed, a page reads by its own rights.
"""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.ports.bus import Event
from service.web.pages.sessions import SignInNeeded, visitor_of
from service.web.services import services_of

router = APIRouter()

GATHER_SECONDS = 0.2
"""How long news is gathered after the first: a busy queue makes five events a second, no more."""
PING_SECONDS = 15.0
"""How often a silent stream says that it lives, and how late it notices that a session ended."""


@router.get("/review/events")
async def events(request: Request) -> Response:
    """Server-sent events `queue` and `delivery`, until the session ends or the page goes."""
    try:
        await run_in_threadpool(visitor_of, request)
    except SignInNeeded:
        return Response(status_code=401)
    return StreamingResponse(
        _stream(request),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(request: Request) -> AsyncIterator[str]:
    async with services_of(request).live.listening() as news:
        # Whatever happened while nobody listened (a page reconnects) is looked up now.
        yield _said("queue") + _said("delivery")
        checked = time.monotonic()
        while True:
            names = await _gathered(news)
            if time.monotonic() - checked >= PING_SECONDS:
                try:
                    await run_in_threadpool(visitor_of, request)
                except SignInNeeded:
                    return
                checked = time.monotonic()
            yield "".join(map(_said, sorted(names))) or ": still here\n\n"


async def _gathered(news: asyncio.Queue[Event]) -> set[str]:
    """The kinds of news within a moment of the first; none after a long silence."""
    try:
        first = await asyncio.wait_for(news.get(), PING_SECONDS)
    except TimeoutError:
        return set()
    names = _kinds(first)
    await asyncio.sleep(GATHER_SECONDS if names else 0)
    while not news.empty():
        names |= _kinds(news.get_nowait())
    return names


def _kinds(event: Event) -> set[str]:
    match event.topic:
        case "task":
            return {"queue"}
        case "delivery":
            return {"delivery"}
        case _:
            return set()


def _said(name: str) -> str:
    return f"event: {name}\ndata: look\n\n"
