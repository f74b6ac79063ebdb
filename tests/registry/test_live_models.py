"""Replicas that follow one store: what each scores with, and what it says where it cannot."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from service.bootstrap.installation import Installation
from service.bootstrap.models import open_models
from service.bootstrap.shelf import Shelf
from service.configuration import Configuration
from service.domain.decision import Item
from service.domain.errors import BrokenBundle, ScorerFailed
from service.domain.model import Activation, ActivationState
from service.ports.clock import SystemClock
from service.ports.scorer import Scorer
from service.registry.sources import FolderSource
from service.registry.versions import Registry
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.telemetry.metrics import Metrics
from service.usecases.access.audit_trail import AuditTrail
from service.usecases.gates.policy_cache import GateBook
from service.usecases.models import live_models
from service.usecases.models.activate_model import ActivateModel
from service.usecases.models.activation_cache import ModelBook
from tests.registry.bundles import (
    MODELS,
    another_version,
    with_a_graph_that_does_not_run,
    with_other_labels,
)
from tests.stores import migrated
from tests.usecases.conftest import POLICY, HeldClock

MODEL = "embedded"


class Replica:
    """A service's models, on a machine of its own."""

    def __init__(self, store: SqlStore, added: Path) -> None:
        self.registry = Registry(MODELS, added)
        self.metrics = Metrics()
        gates = GateBook(store)
        labels = ("acceptable", "offensive")
        policy = replace(POLICY, scorer=MODEL, labels=labels, approve_labels=labels[:1])
        gates.adopt([policy], HeldClock().now())
        self.book = ModelBook(store)
        self.book.load()
        self.shelf = Shelf(self.registry, self.book)
        self.shelf.labels_of(MODEL)
        installation = Installation(
            settings=Settings(provider="cpu", scorer_threads=1),
            store=store,
            clock=SystemClock(),
            configuration=Configuration(apps={}, gates=(), language_models={}),
            gates=gates,
            shelf=self.shelf,
        )
        self.models = open_models(installation, self.metrics)

    @property
    def version(self) -> str:
        return self.models[MODEL].version

    @property
    def standing(self) -> str:
        return self.models.standings()[MODEL]["standing"]

    @property
    def behind(self) -> bool:
        line = f'human_in_loop_model_behind{{model="{MODEL}"}} 1.0'
        return line in generate_latest(self.metrics.registry).decode()

    def look(self) -> None:
        self.book.load()
        self.models.look()


class Company:
    """Replicas that share a store, and somebody who activates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = SqlStore(migrated(folder))
        self.activations = ActivateModel(store=self.store, clock=SystemClock())
        self.replicas: list[Replica] = []

    def replica(self, name: str = "shared") -> Replica:
        made = Replica(self.store, self.folder / name)
        self.replicas.append(made)
        return made

    def bundle(self, shift: float = 0.0) -> Path:
        return another_version(self.folder / f"shift{shift}", shift)

    def activate(self, version: str) -> None:
        shipped = Registry(MODELS, self.folder).shipped_version(MODEL)
        self.activations.activate(MODEL, version, shipped=shipped, actor="lin")

    @property
    def newest(self) -> Activation:
        return self.activations.history(MODEL)[0]

    def close(self) -> None:
        for replica in self.replicas:
            replica.models.close()
        self.store.close()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    yield made
    made.close()


def score(scorer: Scorer) -> str:
    return asyncio.run(scorer.score(Item(text="a fine day"))).model_version


def test_a_new_version_takes_over_and_the_old_one_ends_with_who_began_with_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_models, "DRAIN_SECONDS", 0)
    replica = company.replica()
    old = replica.models[MODEL]
    version = replica.registry.add(FolderSource(company.bundle())).version
    company.activate(version)
    assert replica.version == old.version
    replica.book.load()
    replica.models._look_at(MODEL)
    assert (replica.version, replica.standing) == (version, "follows")
    assert score(replica.models[MODEL]) == version
    assert score(old) == old.version  # whoever began with it is not turned away
    replica.look()  # the drain is over
    with pytest.raises(ScorerFailed):
        score(old)
    assert company.newest.state is ActivationState.TAKEN_OVER
    assert replica.shelf.version_of(MODEL) == version


def test_whoever_goes_back_soon_finds_the_old_one_warm(company: Company) -> None:
    replica = company.replica()
    old = replica.models[MODEL]
    company.activate(replica.registry.add(FolderSource(company.bundle())).version)
    replica.look()
    assert replica.models[MODEL] is not old
    company.activations.roll_back(MODEL, shipped=old.version, actor="lin")
    replica.look()
    assert replica.models[MODEL] is old
    assert company.newest.state is ActivationState.TAKEN_OVER


def test_every_step_is_in_the_audit_trail(company: Company) -> None:
    replica = company.replica()
    company.activate(replica.registry.add(FolderSource(company.bundle())).version)
    replica.look()
    with company.store.reading() as tx:
        said = [(e.kind, e.actor) for e, _ in tx.audit.entries() if e.subject == MODEL]
    assert said == [("model.activated", "lin"), ("model.taken_over", "service")]
    assert AuditTrail(company.store).verify().breach is None


def test_a_replica_without_the_version_goes_on_and_says_so_until_it_has_it(
    company: Company,
) -> None:
    has, lacks = company.replica("one"), company.replica("two")
    before = lacks.version
    bundle = company.bundle()
    version = has.registry.add(FolderSource(bundle)).version
    company.activate(version)
    lacks.look()
    assert company.newest.state is ActivationState.PENDING  # another one may have it
    has.look()
    lacks.look()
    assert (has.version, has.behind) == (version, False)
    assert (lacks.version, lacks.standing, lacks.behind) == (before, "missing", True)
    assert lacks.models.standings()[MODEL]["active"] == version
    lacks.registry.add(FolderSource(bundle))
    lacks.look()
    assert (lacks.version, lacks.standing, lacks.behind) == (version, "follows", False)


@pytest.mark.parametrize("spoil", [with_a_graph_that_does_not_run, with_other_labels])
def test_a_version_that_cannot_score_fails_with_its_reason_and_the_old_one_goes_on(
    company: Company, spoil: Callable[[Path], Path]
) -> None:
    replica = company.replica()
    before = replica.version
    bundle = spoil(company.bundle())
    company.activate(replica.registry.add(FolderSource(bundle)).version)
    replica.look()
    assert score(replica.models[MODEL]) == before
    assert company.newest.state is ActivationState.FAILED
    assert company.newest.reason
    replica.look()
    assert (replica.standing, replica.behind) == ("follows", False)  # nothing else is wanted now
    assert company.replica().version == before


def test_one_that_fails_here_after_others_took_it_over_is_told_here(company: Company) -> None:
    good, bad = company.replica("one"), company.replica("two")
    before = bad.version
    bundle = company.bundle()
    version = good.registry.add(FolderSource(bundle)).version
    (
        bad.registry.folder(MODEL, bad.registry.add(FolderSource(bundle)).version) / "model.onnx"
    ).write_bytes(b"")
    company.activate(version)
    good.look()
    bad.look()
    assert company.newest.state is ActivationState.TAKEN_OVER
    assert (bad.version, bad.standing, bad.behind) == (before, "failed", True)


def test_whoever_switched_goes_back_where_another_replica_was_faster_to_fail(
    company: Company,
) -> None:
    replica = company.replica()
    before = replica.version
    company.activate(replica.registry.add(FolderSource(company.bundle())).version)
    replica.book.load()
    with company.store.transaction() as tx:
        tx.activations.settle(replace(company.newest, state=ActivationState.FAILED))
    replica.models.look()  # on what it read before
    replica.look()
    assert (replica.version, replica.standing) == (before, "follows")


def test_a_start_takes_what_is_in_force_or_the_newest_before_it_that_works(
    company: Company,
) -> None:
    first = company.replica()
    versions = []
    for shift in (1.0, 2.0):
        versions.append(first.registry.add(FolderSource(company.bundle(shift))).version)
        company.activate(versions[-1])
        first.look()
    assert company.replica().version == versions[1]
    (first.registry.folder(MODEL, versions[1]) / "card.json").write_text("{}")
    late = company.replica()
    assert (late.version, late.standing, late.behind) == (versions[0], "failed", True)
    nothing_added = company.replica("elsewhere")
    assert nothing_added.version == nothing_added.registry.shipped_version(MODEL)
    assert nothing_added.standing == "missing"


def test_without_any_whole_version_there_is_no_start(tmp_path: Path) -> None:
    store = SqlStore(migrated(tmp_path))
    with pytest.raises(BrokenBundle, match="no bundle 'embedded'"):
        Shelf(Registry(tmp_path, tmp_path), ModelBook(store)).labels_of(MODEL)
    store.close()
