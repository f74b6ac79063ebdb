"""Which waiting texts run together: the oldest one, and those nearest to it in length.

Texts of mixed lengths in one batch are slower than none, since the short ones are padded; so a
batch grows around the oldest request only while little of it is padding. Nothing waits for a
batch to fill: a free worker takes what is there.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.domain.decision import Item
from service.domain.errors import Overloaded, ScorerFailed
from service.scoring.answer import Answer
from service.scoring.reading import Inputs

MOST_PADDING = 0.08
"""The share of a batch's tokens that may be padding."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """An item that someone awaits the score of. It is abandoned when they cease to."""

    item: Item
    answer: asyncio.Future[Answer]

    @property
    def abandoned(self) -> bool:
        return self.answer.done()


@dataclass(frozen=True, eq=False, kw_only=True)
class Tokenised:
    """A request with what the model reads of it."""

    request: Request
    inputs: Inputs


class Waiting:
    """The bounded queue between the event loop, which puts, and the workers, which take."""

    def __init__(self, *, limit: int, largest_batch: int) -> None:
        self._limit = limit
        self._largest_batch = largest_batch
        self._fresh: deque[Request] = deque()
        self._ready: list[Tokenised] = []
        self._changed = threading.Condition()
        self._closed = False

    def put(self, request: Request) -> None:
        """Join the queue. Raises Overloaded where it is full, ScorerFailed where it is closed."""
        with self._changed:
            if self._closed:
                raise ScorerFailed("The scorer is closed.")
            if len(self._fresh) + len(self._ready) >= self._limit:
                self._forget_abandoned()
            if len(self._fresh) + len(self._ready) >= self._limit:
                raise Overloaded(f"{self._limit} texts are waiting for the model.")
            self._fresh.append(request)
            self._changed.notify()

    def take(
        self, tokenise: Callable[[Sequence[Request]], list[Tokenised]]
    ) -> list[Tokenised] | None:
        """The next batch, never empty, once there is one; None when the queue is closed.

        `tokenise` is called outside the lock, so that putting never waits for it.
        """
        while True:
            with self._changed:
                while not (self._fresh or self._ready or self._closed):
                    self._changed.wait()
                if self._closed:
                    return None
                fresh, self._fresh = self._fresh, deque()
            tokenised = tokenise([request for request in fresh if not request.abandoned])
            with self._changed:
                self._ready += tokenised
                if batch := self._next_batch():
                    return batch

    def close(self) -> None:
        """Let nobody in any more, and send the workers home after their batch."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def left(self) -> list[Request]:
        """Who still waits: after closing, once the workers are home, those whom none will serve."""
        with self._changed:
            return [*(item.request for item in self._ready), *self._fresh]

    def _next_batch(self) -> list[Tokenised]:
        self._forget_abandoned()
        lengths = [len(item.inputs) for item in self._ready]
        chosen = set(around_the_oldest(lengths, self._largest_batch))
        batch = [item for place, item in enumerate(self._ready) if place in chosen]
        self._ready = [item for place, item in enumerate(self._ready) if place not in chosen]
        if self._ready:
            self._changed.notify()
        return batch

    def _forget_abandoned(self) -> None:
        self._fresh = deque(request for request in self._fresh if not request.abandoned)
        self._ready = [item for item in self._ready if not item.request.abandoned]


def around_the_oldest(lengths: Sequence[int], largest_batch: int) -> list[int]:
    """The places to run together, of `lengths` in order of arrival; the first always among them.

    Sorted by length, the batch is a window around the oldest that grows to the nearer side while
    padding stays within MOST_PADDING.
    """
    if not lengths:
        return []
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    left = right = order.index(0)
    total = oldest = lengths[0]
    while right - left + 1 < min(largest_batch, len(order)):
        sides = []
        if left > 0:
            sides.append(left - 1)
        if right + 1 < len(order):
            sides.append(right + 1)
        sides.sort(key=lambda side: abs(lengths[order[side]] - oldest))
        for side in sides:
            longest = lengths[order[max(side, right)]]
            grown = total + lengths[order[side]]
            size = right - left + 2
            if grown >= (1 - MOST_PADDING) * size * longest:
                left, right, total = min(left, side), max(right, side), grown
                break
        else:
            break
    return order[left : right + 1]
