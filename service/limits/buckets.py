"""Token buckets in memory: each caller's fills at a rate, and holds a burst."""

import threading
import time
from collections.abc import Callable

BURST_SECONDS = 10.0
"""A bucket holds what flows in in so long, so that a quiet caller may come with a crowd."""


class Unlimited:
    """Everybody may ask for everything."""

    def at_hand(self, caller: str, count: int) -> bool:  # noqa: ARG002 - the port's words
        return True

    def fetch(self, caller: str, count: int) -> float:  # noqa: ARG002
        return 0.0

    def close(self) -> None:
        """Holds nothing."""


class Buckets:
    """One bucket per caller, `rate` a second. Safe to use from many threads."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = rate * BURST_SECONDS
        self._now = now
        self._held: dict[str, tuple[float, float]] = {}
        self._turn = threading.Lock()

    def at_hand(self, caller: str, count: int) -> bool:
        return self.fetch(caller, count) == 0

    def fetch(self, caller: str, count: int) -> float:
        now, wanted = self._now(), min(count, self._burst)  # a batch may be larger than a bucket
        with self._turn:
            tokens, at = self._held.get(caller, (self._burst, now))
            tokens = min(self._burst, tokens + (now - at) * self._rate)
            enough = tokens >= wanted
            self._held[caller] = (tokens - wanted if enough else tokens, now)
        return 0.0 if enough else (wanted - tokens) / self._rate

    def close(self) -> None:
        """Holds nothing that must be given back."""
