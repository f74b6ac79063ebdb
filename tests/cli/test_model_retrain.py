"""`model retrain`: a challenger takes over only where the panel says that it is better."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.domain.adaptation import Adapted, Mode
from service.domain.change import Cause, Change
from service.domain.model import ActivationState
from service.ports.clock import SystemClock
from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.store.sql_store import SqlStore
from service.usecases.gates.policy_versions import newest, succeed
from tests.cli.operator import Told, service
from tests.retraining.credit import (
    GATES,
    MODEL,
    MODELS,
    World,
    as_the_champion_says,
    bundle,
    labelled,
    the_contrary,
    with_a_telephone,
)

type Retrain = Callable[..., Any]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "gates.yaml").write_text(GATES)
    return tmp_path


def fill(house: Path, others: World, panel: World) -> None:
    labelled(f"sqlite:///{house}/gate.db", others, panel)


def run(house: Path, *arguments: str) -> Told:
    settings = {"GATE_CONFIG": f"{house}/gates.yaml", "GATE_REGISTRY_DIR": f"{house}/added"}
    return service(house, *arguments, **settings)


def added(house: Path) -> list[str]:
    found = Registry(MODELS, house / "added").versions(MODEL)
    return [one.version for one in found if not one.shipped]


def active(house: Path) -> str:
    store = SqlStore(f"sqlite:///{house}/gate.db")
    with store.reading() as tx:
        history = tx.activations.history(MODEL)
    store.close()
    return history[0].version if history else bundle().version


def test_a_better_challenger_takes_over_and_is_certified_by_other_panel_items(house: Path) -> None:
    fill(house, with_a_telephone, with_a_telephone)
    told = run(house, "model", "retrain", "credit", "--activate", "--json")
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    assert said["beats"]
    assert said["judgement"]["at_least"] > 0
    assert said["champion"] == bundle().version
    assert active(house) == said["challenger"]
    assert said["items"]["certify"] >= 100
    assert "from " + str(said["items"]["certify"]) in said["certificate"]
    found: Bundle = Registry(MODELS, house / "added").load(MODEL, said["challenger"])
    card = found.card["retrained"]
    assert (card["parent"], card["data"]) == (bundle().version, said["data"])
    assert "metrics" not in found.card
    store = SqlStore(f"sqlite:///{house}/gate.db")
    with store.reading() as tx:
        newest = tx.policies.all_of("credit")[0]
        [kept] = tx.retrainings.of("credit")
        kinds = [entry.kind for entry, _ in tx.audit.entries()]
    store.close()
    assert (newest.change.note, newest.document["certified"][0]["source"]) == (
        "retrained",
        said["challenger"],
    )
    assert (kept.number, kept.beats, kept.data) == (1, True, said["data"])
    assert {"model.retrained", "model.activated", "certificate.issued"} <= set(kinds)
    assert run(house, "audit", "verify").returncode == 0
    shown = run(house, "model", "show", MODEL).stdout
    assert f"{said['challenger']} from {said['data']}: better than {said['champion']}" in shown


class Meanwhile(threading.Thread):
    """A running service, which settles the activation that it sees coming as `state`; with
    `alarm`, the gate's alarm has gone off by then."""

    def __init__(self, house: Path, state: ActivationState, *, alarm: bool = False) -> None:
        super().__init__(daemon=True)
        self.store = SqlStore(f"sqlite:///{house}/gate.db")
        self.state, self.alarm = state, alarm
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            with self.store.transaction() as tx:
                if not (found := tx.activations.history(MODEL)):
                    continue
                now = SystemClock().now()
                if self.alarm:
                    policy = newest(tx, "credit")
                    assert policy
                    safe = Adapted(mode=Mode.SAFE, cause="labels", since=now, labels_since=now)
                    change = Change(cause=Cause.ADAPTATION, actor="watcher")
                    alarmed = replace(policy, adapted=safe)
                    succeed(tx, alarmed, over=policy.version, change=change, now=now)
                tx.activations.settle(
                    replace(found[0], state=self.state, reason="as it was told", settled_at=now)
                )
                return


@pytest.mark.parametrize(
    ("state", "alarm"), [(ActivationState.FAILED, False), (ActivationState.TAKEN_OVER, True)]
)
def test_nothing_is_certified_that_nobody_runs_or_that_an_alarm_speaks_against(
    house: Path, state: ActivationState, alarm: bool
) -> None:
    fill(house, with_a_telephone, with_a_telephone)
    serving = Meanwhile(house, state, alarm=alarm)
    serving.start()
    told = run(house, "model", "retrain", "credit", "--activate", "--wait", "60", "--json")
    serving.over.set()
    serving.join()
    said = json.loads(told.stdout)
    assert (said["beats"], said["state"], said["certificate"]) == (True, state, None)
    assert said["uncertified"] is alarm
    assert told.returncode == (0 if alarm else 1)
    with serving.store.reading() as tx:
        assert tx.policies.all_of("credit", cause=Cause.CERTIFICATE) == []
    serving.store.close()


@pytest.mark.parametrize(
    ("others", "panel"),
    [(the_contrary, as_the_champion_says), (as_the_champion_says, as_the_champion_says)],
    ids=["worse", "no better"],
)
def test_one_that_is_not_better_is_thrown_away(house: Path, others: World, panel: World) -> None:
    fill(house, others, panel)
    for _ in range(2):
        told = run(house, "model", "retrain", "credit", "--activate")
        assert told.returncode == 1, told.stderr
        assert "thrown away" in told.stdout
        assert "comparison 1)" in told.stdout, "nothing new was seen"
        assert (added(house), active(house)) == ([], bundle().version)


def test_what_cannot_be_retrained_is_told(house: Path) -> None:
    none = run(house, "model", "retrain", "credit")
    assert (none.returncode, "0 labels outside the panel" in none.stderr) == (2, True)
    (house / "gates.yaml").write_text(GATES.replace("german-credit", "signals"))
    signals = run(house, "model", "retrain", "credit")
    assert (signals.returncode, "has no bundle" in signals.stderr) == (2, True)
    other = GATES + GATES.partition("gates:\n")[2].replace("credit:\n", "loans:\n", 1)
    (house / "gates.yaml").write_text(other)
    shared = run(house, "model", "retrain", "credit", "--activate")
    assert (shared.returncode, "judges for loans too" in shared.stderr) == (2, True)
