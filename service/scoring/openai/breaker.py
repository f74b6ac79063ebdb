"""A circuit breaker: a server that fails again and again is left in peace for a while.

Meanwhile its items go to people at once, not after a time-out each.
"""

import time
from collections.abc import Callable

FAILURES_TO_OPEN = 5
PAUSE_SECONDS = 15.0


class Breaker:
    """Closed: all may try. Open: none, for PAUSE_SECONDS. Then one tries for all.

    Its methods are called from one thread, the event loop's.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def allows(self) -> bool:
        """Whether a request may be made. Who is allowed to must report back."""
        if self._opened_at is None:
            return True
        if self._probing or self._clock() < self._opened_at + PAUSE_SECONDS:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self) -> bool:
        """Note a failure; True where it opens the breaker, that was closed."""
        self._failures += 1
        was_open = self.is_open
        if was_open or self._failures >= FAILURES_TO_OPEN:
            self._opened_at, self._probing = self._clock(), False
        return self.is_open and not was_open

    def gave_up(self) -> None:
        """Whoever asked stopped waiting: that says nothing of the server."""
        self._probing = False
