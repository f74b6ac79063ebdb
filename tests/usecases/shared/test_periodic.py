"""A repeated task goes on whatever a turn does, and tells of what failed. No test sleeps."""

import threading
from collections.abc import Callable
from itertools import cycle

import pytest
from structlog.testing import capture_logs

from service.telemetry.metrics import Metrics
from service.usecases.shared.periodic import JITTER, Failures, PeriodicTask


class StopAfter(threading.Event):
    """Is set after so many turns, and keeps how long each was waited for."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._turns = turns

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        return len(self.pauses) > self._turns


def task(turn: Callable[[Failures], object], every_seconds: float = 2.0) -> PeriodicTask:
    return PeriodicTask(
        name="sweeper", turn=turn, every_seconds=every_seconds, failure_event="sweep.failed"
    )


def failures_counted(metrics: Metrics) -> float:
    name, labels = "human_in_loop_periodic_failures_total", {"task": "sweeper"}
    return metrics.registry.get_sample_value(name, labels) or 0.0


def test_a_failing_turn_is_counted_and_logged_and_the_next_one_comes() -> None:
    outcomes, metrics = cycle([OSError("the store is away"), None]), Metrics()
    taken: list[object] = []

    def turn(_: Failures) -> None:
        taken.append(outcome := next(outcomes))
        if outcome is not None:
            raise outcome

    with capture_logs() as told:
        task(turn).run(StopAfter(4), metrics)
    assert len(taken) == 4
    assert failures_counted(metrics) == 2
    assert [(one["event"], one["log_level"]) for one in told] == [("sweep.failed", "error")] * 2
    assert all(one["exc_info"] for one in told)


def test_a_part_that_fails_is_named_in_the_log_and_the_other_parts_are_done() -> None:
    metrics = Metrics()
    done: list[str] = []

    def turn(failures: Failures) -> None:
        for gate in ("first", "second", "third"):
            with failures.survived(gate=gate):
                if gate == "second":
                    raise ValueError(gate)
                done.append(gate)

    with capture_logs() as told:
        task(turn).run(StopAfter(1), metrics)
    assert done == ["first", "third"]
    assert [(one["event"], one["gate"]) for one in told] == [("sweep.failed", "second")]
    assert failures_counted(metrics) == 1


def test_a_stopped_task_takes_no_turn() -> None:
    turns: list[Failures] = []
    task(turns.append).run(StopAfter(0), Metrics())
    assert turns == []


def test_an_event_that_is_set_ends_the_wait_at_once() -> None:
    stop = threading.Event()
    turns: list[Failures] = []
    stop.set()
    task(turns.append, every_seconds=3600).run(stop, Metrics())
    assert turns == []


@pytest.mark.parametrize(("share", "pause"), [(0.0, 10.0), (0.5, 9.5), (1.0, 9.0)])
def test_the_jitter_is_drawn_for_each_turn_and_only_ever_early(share: float, pause: float) -> None:
    stop = StopAfter(2)
    task(lambda _: None, every_seconds=10.0).run(stop, Metrics(), share=lambda: share)
    assert stop.pauses == pytest.approx([pause] * 3)


def test_replicas_do_not_keep_in_step() -> None:
    stop = StopAfter(50)
    task(lambda _: None, every_seconds=10.0).run(stop, Metrics())
    assert len(set(stop.pauses)) > 40
    assert all(10.0 * (1 - JITTER) <= pause <= 10.0 for pause in stop.pauses)


def test_what_is_no_failure_of_a_turn_ends_the_task() -> None:
    def turn(_: Failures) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        task(turn).run(StopAfter(3), Metrics())
