"""Waits are bounded, grow, and end on stop. Time stands still here unless somebody sleeps."""

import pytest

from service.ports.resumer import DeliveryFailed
from service.resume.waiting import LONGEST_PAUSE, Waiting


class FakeTime:
    """A clock that only sleeping moves, and a stop that comes when told."""

    def __init__(self, stop_at: float = float("inf")) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []
        self._stop_at = stop_at

    def monotonic(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self.now >= self._stop_at

    def wait(self, timeout: float) -> bool:
        self.sleeps.append(timeout)
        self.now = min(self.now + timeout, max(self._stop_at, self.now))
        return self.is_set()


def test_looks_come_at_once_then_ever_more_rarely_and_a_last_time_at_the_end() -> None:
    time = FakeTime()
    moments = [time.now for _ in Waiting(time, time.monotonic).looks(10)]
    assert moments[0] == 0
    assert moments[-1] == pytest.approx(10)
    assert time.sleeps[:-1] == sorted(time.sleeps[:-1])
    assert max(time.sleeps) == LONGEST_PAUSE


def test_looks_that_take_long_themselves_end_in_time() -> None:
    time = FakeTime()
    count = 0
    for _ in Waiting(time, time.monotonic).looks(10):
        time.now += 6
        count += 1
    assert count == 2


def test_a_stop_ends_looks_and_sleeps() -> None:
    time = FakeTime(stop_at=3)
    with pytest.raises(DeliveryFailed, match="stopping"):
        list(Waiting(time, time.monotonic).looks(60))
    assert time.now == 3
    with pytest.raises(DeliveryFailed, match="stopping"):
        Waiting(time, time.monotonic).sleep(1)


def test_a_deadline_passes() -> None:
    time = FakeTime()
    deadline = Waiting(time, time.monotonic).deadline(5)
    assert deadline.left() == 5
    time.now = 5.0
    assert deadline.passed()
