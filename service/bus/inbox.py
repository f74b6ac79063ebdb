"""Where a subscriber's events wait to be read."""

from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition

from service.ports.bus import Event

CAPACITY = 10_000
"""A subscriber that falls further behind loses its oldest events: time, never an answer."""


class Inbox:
    """A subscription. Written by one thread, read by another, closed by either."""

    def __init__(self, wanted: Callable[[Event], bool]) -> None:
        self._wanted = wanted
        self._events: deque[Event] = deque(maxlen=CAPACITY)
        self._changed = Condition()
        self._closed = False

    def put(self, event: Event) -> None:
        if not self._wanted(event):
            return
        with self._changed:
            self._events.append(event)
            self._changed.notify()

    def next(self, timeout: float) -> Event | None:
        return self._wait(timeout)

    def __iter__(self) -> Iterator[Event]:
        while event := self._wait(None):
            yield event

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self, timeout: float | None) -> Event | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._events, timeout)
            return None if self._closed or not self._events else self._events.popleft()
