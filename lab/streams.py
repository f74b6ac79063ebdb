"""Server-sent events of a run, bridged from its threads into the web server's loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from lab.events import PING, Event, sse
from lab.host import Host

PING_SECONDS = 10.0

type Begin = Callable[[Callable[[Event], None]], tuple[str, Sequence[Event]]]
"""Registers a listener; gives the run's id and the events it has had already."""


async def event_stream(host: Host, begin: Begin, *, past_pauses: bool) -> AsyncIterator[str]:
    """The run's events until it ends, or until it pauses unless asked to go past that."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Event] = asyncio.Queue()

    def listener(event: Event) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, event)

    def closes(event: Event) -> bool:
        name = event["event"]
        return name == "workflow_finished" or (name == "workflow_paused" and not past_pauses)

    run_id, replayed = begin(listener)
    try:
        yield PING
        for event in replayed:
            yield sse(event)
            if closes(event):
                return
        while True:
            try:
                event = await asyncio.wait_for(heard.get(), PING_SECONDS)
            except TimeoutError:
                yield PING
                continue
            yield sse(event)
            if closes(event):
                return
    finally:
        host.unfollow(run_id, listener)
