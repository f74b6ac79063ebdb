"""Sign-in attempts, limited: guessing a password gets slow long before it gets anywhere."""

import threading
from datetime import datetime, timedelta

MOST_FAILURES = 5
FORGIVEN_AFTER = timedelta(minutes=5)
MOST_REMEMBERED = 10_000


class SignInAttempts:
    """Failures by name and address, in this process's memory.

    Each replica counts for itself, and a restart forgets: this slows a guesser down; what keeps
    him out is the slow hash. One who fails from many addresses is limited at each of them.
    """

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], list[datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, address: str, now: datetime) -> timedelta | None:
        """How long this name must wait at this address, or None if it may try."""
        with self._lock:
            recent = self._recent((name, address), now)
        if len(recent) < MOST_FAILURES:
            return None
        return recent[-MOST_FAILURES] + FORGIVEN_AFTER - now

    def failed(self, name: str, address: str, now: datetime) -> None:
        with self._lock:
            if len(self._failures) >= MOST_REMEMBERED:
                for key in list(self._failures):
                    self._recent(key, now)
            self._failures[name, address] = [*self._recent((name, address), now), now]

    def succeeded(self, name: str, address: str) -> None:
        with self._lock:
            self._failures.pop((name, address), None)

    def _recent(self, key: tuple[str, str], now: datetime) -> list[datetime]:
        recent = [at for at in self._failures.get(key, ()) if now - at < FORGIVEN_AFTER]
        if recent:
            self._failures[key] = recent
        else:
            self._failures.pop(key, None)
        return recent
