"""The bus of a single process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from service.bus.inbox import Inbox
from service.ports.bus import Event, Subscription, everything


class InProcessBus:
    """Events for the threads of this process. Safe to use from all of them."""

    may_wait = False

    def __init__(self) -> None:
        self._inboxes: set[Inbox] = set()
        self._lock = Lock()

    def publish(self, *events: Event) -> None:
        with self._lock:
            for inbox in self._inboxes:
                for event in events:
                    inbox.put(event)

    @contextmanager
    def subscribe(self, wanted: Callable[[Event], bool] = everything) -> Iterator[Subscription]:
        inbox = Inbox(wanted)
        with self._lock:
            self._inboxes.add(inbox)
        try:
            yield inbox
        finally:
            with self._lock:
                self._inboxes.discard(inbox)
            inbox.close()

    def is_healthy(self) -> bool:
        return True

    def close(self) -> None:
        with self._lock:
            for inbox in self._inboxes:
                inbox.close()
