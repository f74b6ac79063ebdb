"""`model retrain`: a challenger takes over only where the panel says that it is better."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.store.sql_store import SqlStore
from tests.cli.test_commands import service
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


def run(house: Path, *arguments: str):  # type: ignore[no-untyped-def]
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
