"""Which resume messages were received: a brake on replays, kept in the plugin's storage.

Best effort. The storage has no compare-and-set, so two copies of a message that arrive together
may both pass; nor does it expire keys, so a fixed number of slots is reused and an old receipt may
be overwritten. What makes a resume happen once is `get_review`, which gives the verdict to one run.
"""

import hashlib
from typing import Literal, Protocol

SLOTS = 1 << 16
RUNNING_SECONDS = 5 * 60
"""After this long an unfinished start is taken for lost: an app may run for about four minutes."""

Standing = Literal["new", "running", "done"]


class Storage(Protocol):
    """What we need of the SDK's key-value storage."""

    def exist(self, key: str) -> bool: ...
    def get(self, key: str) -> bytes: ...
    def set(self, key: str, val: bytes) -> None: ...
    def delete(self, key: str) -> None: ...


class Receipt:
    """The receipt of one message, by its webhook-id."""

    def __init__(self, storage: Storage, message_id: str) -> None:
        self._storage = storage
        self._digest = hashlib.sha256(message_id.encode()).hexdigest()
        self._slot = f"resume-{int(self._digest, 16) % SLOTS}"

    def standing(self, now: float) -> Standing:
        """Whether the message was seen before; `now` in seconds since the epoch."""
        if not self._storage.exist(self._slot):
            return "new"
        digest, _, since = self._storage.get(self._slot).decode().partition(" ")
        if digest != self._digest:
            return "new"
        if since == "done":
            return "done"
        return "running" if now - float(since) < RUNNING_SECONDS else "new"

    def start(self, now: float) -> None:
        """Note that an app is being started for the message."""
        self._storage.set(self._slot, f"{self._digest} {now:.0f}".encode())

    def finish(self) -> None:
        """Note that the app was started: replays are answered without another run."""
        self._storage.set(self._slot, f"{self._digest} done".encode())

    def forget(self) -> None:
        """The app could not be started: the next try may."""
        self._storage.delete(self._slot)
