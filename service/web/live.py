"""Events of the bus, for coroutines that wait: long polls and server-sent events."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.ports.bus import Bus, Event

MOST_UNREAD = 1000
"""A listener that reads slower than this loses the oldest news; it looks in the store anyway."""


class Live:
    """One thread listens to the bus and hands each event to every listening coroutine."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listeners: set[asyncio.Queue[Event]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="live", daemon=True)

    def start(self) -> None:
        """Begin to listen; called on the event loop that the listeners run on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Queue[Event]]:
        """A queue of every event from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue(MOST_UNREAD)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def _listen(self) -> None:
        loop = self._loop
        if loop is None:
            raise RuntimeError("start() comes first")
        with self._bus.subscribe(lambda _: bool(self._listeners)) as events:
            while not self._stop.is_set():
                event = events.next(timeout=1.0)
                if event is not None and not loop.is_closed():
                    loop.call_soon_threadsafe(self._hand_out, event)

    def _hand_out(self, event: Event) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)
