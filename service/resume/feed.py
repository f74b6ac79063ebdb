"""A run's events, read by a thread of their own so that waiting for them can end at any time."""

import json
import queue
import threading
from types import TracebackType
from typing import Any, Self

from service.resume.outgoing import Nonsense, NotAnswered, OpenReply
from service.resume.sse import EventTooLong, data_of_events

type DifyEvent = dict[str, Any]

GOODBYE_SECONDS = 5.0


class Feed:
    """The events of one open stream, in order. Pings and what is not Dify's are left out."""

    def __init__(self, reply: OpenReply) -> None:
        self._reply = reply
        self._heard: queue.SimpleQueue[DifyEvent | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="dify-events", daemon=True)
        self.ended = False
        """No more events come: the stream has ended, or broken off, and all was handed out."""

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reply.abort()
        self._reader.join(GOODBYE_SECONDS)

    def next(self, timeout: float) -> DifyEvent | None:
        """The next event; None after `timeout` seconds, or at once when the feed has ended."""
        if self.ended:
            return None
        try:
            event = self._heard.get(timeout=max(timeout, 0))
        except queue.Empty:
            return None
        self.ended = event is None
        return event

    def _read(self) -> None:
        try:
            for data in data_of_events(self._reply.chunks()):
                event = _parsed(data)
                if event is not None:
                    self._heard.put(event)
        except (NotAnswered, Nonsense, EventTooLong):
            pass  # the same as an end: who follows a run looks at its status then
        finally:
            self._heard.put(None)


def _parsed(data: str) -> DifyEvent | None:
    try:
        event = json.loads(data)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
