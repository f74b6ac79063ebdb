"""Which waiting items run together: the one whose turn it is, and those nearest to it in length.

Items of mixed lengths in one batch are slower than none, since the short ones are padded; so a
batch grows around one item only while little of it is padding. That item is the most urgent of the
gate whose turn it is; those around it may be anybody's. Nothing waits for a batch to fill: a free
worker takes what is there.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.domain.decision import Item
from service.domain.errors import Overloaded, ScorerFailed
from service.scoring.answer import Answer
from service.scoring.fairness import Room, Turns
from service.scoring.reading import Inputs

MOST_PADDING = 0.08
"""The share of a batch's tokens that may be padding."""

NEWEST_RUN = 0.2
"""What the newest run weighs in the estimate of the pace, against all before it."""

LONGEST_RETRY_AFTER = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """An item that someone awaits the score of. It is abandoned when they cease to.

    `gate` is who asks, `deadline` (of time.monotonic) when they will have ceased to.
    """

    item: Item
    gate: str = ""
    deadline: float = math.inf
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
    """The bounded queue between the event loop, which puts, and `workers` threads, which take."""

    def __init__(self, *, limit: int, largest_batch: int, workers: int = 1) -> None:
        self._largest_batch = largest_batch
        self._workers = workers
        self._fresh: deque[Request] = deque()
        self._ready: list[Tokenised] = []
        self._room = Room(limit)
        self._turns = Turns()
        self._pace = 0.0  # seconds of one worker per item
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """How many wait."""
        return self._room.taken

    def put(self, request: Request) -> None:
        """Join the queue. Raises ScorerFailed where it is closed, and Overloaded where it is full,
        where the gate has its share of it, or where the answer would come after the deadline."""
        with self._changed:
            if self._closed:
                raise ScorerFailed("The scorer is closed.")
            if not self._room.has_place_for(request.gate):
                self._forget_abandoned()
            seconds = self._room.taken * self._pace / self._workers
            if not self._room.has_place_for(request.gate):
                raise _overloaded(f"{self._room.taken} items wait for the model", seconds)
            if time.monotonic() + seconds > request.deadline:
                raise _overloaded(f"The model is {seconds:.0f} s behind", seconds)
            self._room.enter(request.gate)
            self._fresh.append(request)
            self._changed.notify()

    def take(
        self, tokenise: Callable[[Sequence[Request]], list[Tokenised]]
    ) -> list[Tokenised] | None:
        """The next batch, never empty, once there is one; None when the queue is closed.

        `tokenise` is called outside the lock, so that putting never waits for it; it settles those
        that it leaves out.
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
                read = {item.request for item in tokenised}
                for request in fresh:
                    if request not in read:
                        self._room.leave(request.gate)
                self._ready += tokenised
                if batch := self._next_batch():
                    return batch

    def ran(self, items: int, seconds: float) -> None:
        """A worker's run of so many items took so long: what the wait is estimated from."""
        with self._changed:
            newest = seconds / items
            self._pace += (newest - self._pace) * (NEWEST_RUN if self._pace else 1)

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
        if not self._ready:
            return []
        lengths = [len(item.inputs) for item in self._ready]
        chosen = set(around(self._next(), lengths, self._largest_batch))
        batch = [item for place, item in enumerate(self._ready) if place in chosen]
        self._ready = [item for place, item in enumerate(self._ready) if place not in chosen]
        for item in batch:
            self._room.leave(item.request.gate)
            self._turns.charge(item.request.gate, len(item.inputs))
        if self._ready:
            self._changed.notify()
        return batch

    def _next(self) -> int:
        """The place of the most urgent item (the oldest of those) of the gate whose turn it is."""
        gate = self._turns.next(list(dict.fromkeys(item.request.gate for item in self._ready)))
        of_gate = (p for p, item in enumerate(self._ready) if item.request.gate == gate)
        return min(of_gate, key=lambda place: self._ready[place].request.deadline)

    def _forget_abandoned(self) -> None:
        everybody = [*self._fresh, *(item.request for item in self._ready)]
        gone = {request for request in everybody if request.abandoned}  # looked at once
        if not gone:
            return
        for request in gone:
            self._room.leave(request.gate)
        self._fresh = deque(request for request in self._fresh if request not in gone)
        self._ready = [item for item in self._ready if item.request not in gone]


def _overloaded(why: str, seconds: float) -> Overloaded:
    return Overloaded(f"{why}.", retry_after=min(max(1.0, math.ceil(seconds)), LONGEST_RETRY_AFTER))


def around(first: int, lengths: Sequence[int], largest_batch: int) -> list[int]:
    """The places of `lengths` to run together; the place `first` always among them.

    Sorted by length, the batch is a window around the first that grows to the nearer side while
    padding stays within MOST_PADDING.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    left = right = order.index(first)
    total = middle = lengths[first]
    while right - left + 1 < min(largest_batch, len(order)):
        sides = []
        if left > 0:
            sides.append(left - 1)
        if right + 1 < len(order):
            sides.append(right + 1)
        sides.sort(key=lambda side: abs(lengths[order[side]] - middle))
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
