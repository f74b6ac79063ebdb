"""The tasks that the service repeats: the trouble of one gate is not the others', and the store
may be away for a turn."""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.domain.errors import ChangedMeanwhile
from service.domain.gate import GatePolicy
from service.domain.ids import GateName
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.decisions.wait_estimate import Forecast
from service.usecases.models.activation_cache import ModelBook
from service.usecases.review.expiry import TimeKeeper
from service.usecases.review.reviewer_quality import Reviewers
from service.usecases.shared.periodic import PeriodicTask
from tests.usecases.conftest import POLICY, House
from tests.usecases.shared.test_periodic import StopAfter


@pytest.fixture
def two_gates(house: House) -> House:
    other = replace(POLICY, gate=GateName("other"))
    house.gates.adopt([POLICY, other], house.clock.now())
    return house


def failures_of(house: House, task: PeriodicTask) -> float:
    name, labels = "human_in_loop_periodic_failures_total", {"task": task.name}
    return house.metrics.registry.get_sample_value(name, labels) or 0.0


def run_once(house: House, task: PeriodicTask) -> list[Any]:
    with capture_logs() as told:
        task.run(StopAfter(1), house.metrics)
    return [one for one in told if one["log_level"] == "error"]


def a_learner(house: House) -> Learner:
    return Learner(
        store=house.store, gates=house.gates, certify=house.certifier(), version_of=lambda _: None
    )


def a_watcher(house: House) -> Watcher:
    return Watcher(
        store=house.store,
        gates=house.gates,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
    )


def test_one_gate_that_cannot_learn_keeps_no_other_from_it(
    two_gates: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look_at(_: Learner, policy: GatePolicy) -> bool:
        seen.append(policy.gate)
        if policy.gate == "gate":
            raise ValueError("a label that cannot be read")
        return False

    monkeypatch.setattr(Learner, "look_at", look_at)
    task = a_learner(two_gates).periodic_task()
    told = run_once(two_gates, task)
    assert seen == ["gate", "other"]
    assert [(one["event"], one["gate"]) for one in told] == [("learning.failed", "gate")]
    assert failures_of(two_gates, task) == 1


def test_one_gate_that_cannot_be_watched_keeps_no_other_from_it(
    two_gates: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []

    def look_at(_: Watcher, policy: GatePolicy) -> None:
        raise ChangedMeanwhile("quicker") if policy.gate == "gate" else ValueError("unreadable")

    monkeypatch.setattr(Watcher, "look_at", look_at)
    monkeypatch.setattr(Watcher, "weigh", lambda _, policy: weighed.append(policy.gate))
    task = a_watcher(two_gates).periodic_task()
    told = run_once(two_gates, task)
    assert weighed == ["gate", "other"], "the workload is measured in any case"
    # That somebody else was quicker is no failure.
    assert [(one["event"], one["gate"]) for one in told] == [("watching.failed", "other")]
    assert failures_of(two_gates, task) == 1


def test_a_store_that_is_away_is_told_of_and_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [
        house.gates.periodic_task(),
        ModelBook(house.store).periodic_task(),
        Forecast(store=house.store, clock=house.clock).periodic_task(),
        Reviewers(store=house.store, gates=house.gates).periodic_task(),
        TimeKeeper(
            store=house.store,
            gates=house.gates,
            writer=house.writer,
            bus=house.bus,
            clock=house.clock,
        ).periodic_task(),
    ]
    with monkeypatch.context() as away:
        for how in ("reading", "transaction"):
            away.setattr(house.store, how, lambda: (_ for _ in ()).throw(OSError("away")))
        told = [one["event"] for task in tasks for one in run_once(house, task)]
    assert told == [
        "gates.not_refreshed",
        "models.not_refreshed",
        "forecast.failed",
        "reviewers.failed",
        "sweep.failed",
    ]
    assert [failures_of(house, task) for task in tasks] == [1.0] * 5
    assert [one for task in tasks for one in run_once(house, task)] == []
    assert len({task.name for task in tasks}) == 5
