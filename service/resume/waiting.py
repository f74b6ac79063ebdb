"""Bounded waits that end early when the service stops."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from service.resume.reasons import failed

FIRST_PAUSE = 0.1
GROWTH = 1.6
LONGEST_PAUSE = 2.0


class Stop(Protocol):
    """Set when the service shuts down; a `threading.Event` is one."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool:
        """Sleep for `timeout` seconds, or until set; whether it is set."""
        ...


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long an attempt waits for what, in seconds."""

    paused: float = 30.0
    """For a run to read `paused` and to show its forms."""
    proof: float = 60.0
    """For a proof that the run went on, after the submission."""
    taken: float = 60.0
    """For a continuation's run to take the verdict."""
    settle: float = 2.0
    """After a proof, for news that would turn it over: some Dify versions stop a resumed run."""
    look: float = 0.5
    """Between looks at a quiet run, and at the stop event."""


class Waiting:
    """The waits of one attempt. `monotonic` gives seconds that only grow."""

    def __init__(self, stop: Stop, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._monotonic = monotonic

    def check(self) -> None:
        """Raises DeliveryFailed when the service is shutting down."""
        if self._stop.is_set():
            raise failed("stopping", "The service is shutting down; it tries again once it is up.")

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until the service shuts down: then raises DeliveryFailed."""
        self._stop.wait(max(seconds, 0))
        self.check()

    def deadline(self, seconds: float) -> "Deadline":
        return Deadline(self._monotonic, self._monotonic() + seconds)

    def looks(self, limit: float) -> Iterator[None]:
        """Yield at once, then after ever longer pauses, and a last time when `limit` s are over."""
        deadline = self.deadline(limit)
        pause = FIRST_PAUSE
        self.check()
        while True:
            yield
            left = deadline.left()
            if left <= 0:
                return
            self.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE)


class Deadline:
    def __init__(self, monotonic: Callable[[], float], at: float) -> None:
        self._monotonic = monotonic
        self._at = at

    def left(self) -> float:
        """Seconds until it; 0 or less once it has passed."""
        return self._at - self._monotonic()

    def passed(self) -> bool:
        return self.left() <= 0
