"""Tasks that a thread of their own repeats until it is told to stop.

A turn that fails is logged and counted, and the next one tries again: the store may be away for a
while, and what is due stays due.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from service.ports.meter import Meter
from service.randomness import random_share

log = structlog.get_logger()

JITTER = 0.1
"""The largest part of an interval by which a turn may come early, so that replicas which started
together do not ask the store together. No turn comes late: an interval says how soon a change is
noticed."""


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Where the failures of a repeated task are told: in the log as `event`, and to the meter."""

    task: str
    event: str
    meter: Meter

    @contextmanager
    def survived(self, **about: object) -> Iterator[None]:
        """Tell of an exception in the block, with `about` in the log, and go on behind it."""
        try:
            yield
        except Exception:
            log.exception(self.event, **about)
            self.meter.turn_failed(self.task)


@dataclass(frozen=True, kw_only=True)
class PeriodicTask:
    """`name` is that of the thread and of the metric's label; `failure_event` is what the log says
    of a turn that fails. A turn may survive failures of its parts by what it is given."""

    name: str
    turn: Callable[[Failures], object]
    every_seconds: float
    failure_event: str

    def run(
        self, stop: threading.Event, meter: Meter, share: Callable[[], float] = random_share
    ) -> None:
        """Wait, take a turn, and so on until told to stop. `share` draws the jitter from [0, 1)."""
        failures = Failures(task=self.name, event=self.failure_event, meter=meter)
        while not stop.wait(self.every_seconds * (1 - JITTER * share())):
            with failures.survived():
                self.turn(failures)
