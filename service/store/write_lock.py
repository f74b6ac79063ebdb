"""Whose turn it is to write to SQLite, which has one writer at a time.

SQLite lets those who wait sleep, longer each time, so that the file lies idle between two writers.
Here the threads of a process wait for a lock, and processes look often. It is a courtesy: who does
not know of it, or cannot wait any more, is held back by SQLite itself.
"""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.0003
PATIENCE_SECONDS = 1.0
"""With another process, which may hang: then SQLite waits, and says what is the matter."""


class Turn:
    """A lock on the store at `path` that threads and processes share, the latter by a file beside
    it. A process that dies gives its turn back."""

    def __init__(self, path: Path) -> None:
        self._threads = threading.RLock()
        self._file = self._opened(path.with_name(f"{path.name}-turn"))

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While it is our turn, or while SQLite alone says whose it is."""
        with self._threads:
            if self._file is None:
                yield
                return
            _wait_for(self._file)
            try:
                yield
            finally:
                with suppress(OSError):  # no locks on such a disk: what was written stands
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def _opened(self, path: Path) -> int | None:
        """To read alone: whoever may see the store may wait for it."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            log.warning("store.no_turns", file=str(path), reason=error.strerror)
            return None
        weakref.finalize(self, os.close, file)
        return file


def _wait_for(file: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not _locked(file) and time.monotonic() < give_up_at:
        time.sleep(LOOK_EVERY_SECONDS)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on such a disk
        return True
    return True
