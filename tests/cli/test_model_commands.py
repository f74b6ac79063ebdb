"""`model ...`: versions come, are put in force, go back and go, as an operator runs it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from service.cli import app
from tests.cli.operator import service
from tests.registry.bundles import (
    another_version,
    with_a_graph_that_does_not_run,
    with_other_labels,
)

CONTRACT = """\
gates:
  earning:
    scorer: embedded
    contract: {target: per_side, wrong_approvals: 0.02, wrong_rejections: 0.02, confidence: 0.9}
"""


class Operator:
    """Whoever runs the commands, on a store and a registry of their own; without the cost of a
    process for each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, says: int = 0) -> str:
        """What `model ...` prints; fails where it exits otherwise than it should."""
        told = CliRunner().invoke(app, ["model", *arguments])
        assert told.exit_code == says, told.output
        return told.stdout if says == 0 else told.output

    def json(self, *arguments: str, says: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", says=says))

    def versions(self) -> dict[str, bool]:
        """The versions of the embedded model, and whether each is active."""
        return {row["version"]: row["active"] for row in self.json("list")["embedded"]}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    for name in [name for name in os.environ if name.startswith("GATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATE_DATABASE_URL", f"sqlite:///{tmp_path}/gate.db")
    monkeypatch.setenv("GATE_REGISTRY_DIR", str(tmp_path / "added"))
    logging = structlog.get_config()  # a command sets up the logs of its process
    yield Operator(tmp_path)
    structlog.configure(**logging)


@pytest.fixture
def contract(model: Operator) -> None:
    """A gate on the embedded model that has a contract to keep."""
    (model.folder / "gates.yaml").write_text(CONTRACT)
    config = str(model.folder / "gates.yaml")
    assert service(model.folder, "gate", "list", GATE_CONFIG=config).returncode == 0


def test_a_version_is_added_activated_rolled_back_and_removed(model: Operator) -> None:
    [shipped] = model.versions()
    packed = shutil.make_archive(
        str(model.folder / "packed"), "gztar", another_version(model.folder / "bundle")
    )
    added = model.json("add", packed)
    version, fingerprint = added["version"], added["version"].partition("@")[2]
    assert (added["model"], added["active"]) == ("embedded", shipped)

    assert f"{version} is in force" in model("activate", "embedded", fingerprint[:5])
    assert model.versions() == {shipped: False, version: True}
    assert "active already" in model("activate", "embedded", version, says=2)
    assert "Activate another version" in model("remove", "embedded", version, says=2)

    back = model.json("rollback", "embedded")
    assert (back["version"], back["state"]) == (shipped, "pending")  # no service runs here
    assert "No version was active" in model("rollback", "embedded", says=2)
    shown = model.json("show", "embedded")
    assert (shown["version"], shown["active"]) == (shipped, True)
    assert [one["cause"] for one in shown["activations"]] == ["rollback", "activate"]

    assert model("remove", "embedded", version) == f"Removed {version}.\n"
    assert model.versions() == {shipped: True}
    assert service(model.folder, "audit", "verify").returncode == 0


@pytest.mark.usefixtures("contract")
def test_what_cannot_score_is_refused_and_changes_nothing(model: Operator) -> None:
    broken = with_a_graph_that_does_not_run(another_version(model.folder / "broken"))
    for command in (["add"], ["check"]):
        said = model(*command, str(broken), says=2 if command == ["add"] else 1)
        assert "cannot load the model" in said
    other = with_other_labels(another_version(model.folder / "other"))
    report = model.json("check", str(other), says=1)
    assert not report["whole"]
    assert "the gate 'earning' judges by acceptable, offensive" in report["problem"]
    version = model.json("add", str(other))["version"]
    assert "judges by" in model("activate", "embedded", version, says=2)
    assert [version for version, active in model.versions().items() if active] != [version]


@pytest.mark.usefixtures("contract")
def test_whoever_activates_hears_which_gates_begin_anew(model: Operator) -> None:
    model("add", str(another_version(model.folder / "bundle")))
    version = next(one for one, active in model.versions().items() if not active)
    told = model("activate", "embedded", version, "--wait", "0.1", says=1)
    assert "Warning: gate earning has no certificate" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "nowhere"], "neither a folder nor an archive"),
        (["add", "mlflow:embedded/1"], "GATE_MLFLOW_URL"),
        (["push", "embedded", "shipped"], "GATE_MLFLOW_URL"),
        (["activate", "embedded", "ffff"], "names 0 versions"),
        (["activate", "../models", "shipped"], "names 0 versions"),
        (["show", "unknown"], "No version of 'unknown' is active"),
        (["remove", "embedded", "shipped"], "is active"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(
    model: Operator, arguments: list[str], says: str
) -> None:
    assert says in model(*arguments, says=2)
