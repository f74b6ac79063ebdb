"""`model ...`: versions come, are put in force, go back and go, as an operator runs it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_commands import service
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


def model(folder: Path, *arguments: str, says: int = 0) -> str:
    """What the command prints; fails where it exits otherwise than it should."""
    told = service(folder, "model", *arguments, GATE_REGISTRY_DIR=str(folder / "added"))
    assert told.returncode == says, told.stdout + told.stderr
    assert "Traceback" not in told.stderr
    return told.stdout if says == 0 else told.stdout + told.stderr


def listed(folder: Path) -> dict[str, bool]:
    """The versions of the embedded model, and whether each is active."""
    return {
        row["version"]: row["active"]
        for row in json.loads(model(folder, "list", "--json"))["embedded"]
    }


def test_a_version_is_added_activated_rolled_back_and_removed(tmp_path: Path) -> None:
    [shipped] = listed(tmp_path)
    packed = shutil.make_archive(
        str(tmp_path / "packed"), "gztar", another_version(tmp_path / "bundle")
    )
    added = json.loads(model(tmp_path, "add", packed, "--json"))
    version, fingerprint = added["version"], added["version"].partition("@")[2]
    assert (added["model"], added["active"]) == ("embedded", shipped)

    assert f"{version} is in force" in model(tmp_path, "activate", "embedded", fingerprint[:5])
    assert listed(tmp_path) == {shipped: False, version: True}
    assert "active already" in model(tmp_path, "activate", "embedded", version, says=2)
    assert "Activate another version" in model(tmp_path, "remove", "embedded", version, says=2)

    back = json.loads(model(tmp_path, "rollback", "embedded", "--json"))
    assert (back["version"], back["state"]) == (shipped, "pending")  # no service runs here
    assert "No version was active" in model(tmp_path, "rollback", "embedded", says=2)
    shown = json.loads(model(tmp_path, "show", "embedded", "--json"))
    assert (shown["version"], shown["active"]) == (shipped, True)
    assert [one["cause"] for one in shown["activations"]] == ["rollback", "activate"]

    assert model(tmp_path, "remove", "embedded", version) == f"Removed {version}.\n"
    assert listed(tmp_path) == {shipped: True}
    assert service(tmp_path, "audit", "verify").returncode == 0


def test_what_cannot_score_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text(CONTRACT)
    config = str(tmp_path / "gates.yaml")
    assert service(tmp_path, "gate", "list", GATE_CONFIG=config).returncode == 0
    broken = with_a_graph_that_does_not_run(another_version(tmp_path / "broken"))
    for command in (["add"], ["check"]):
        said = model(tmp_path, *command, str(broken), says=2 if command == ["add"] else 1)
        assert "cannot load the model" in said
    other = with_other_labels(another_version(tmp_path / "other"))
    report = json.loads(model(tmp_path, "check", str(other), "--json", says=1))
    assert not report["whole"]
    assert "the gate 'earning' judges by acceptable, offensive" in report["problem"]
    version = json.loads(model(tmp_path, "add", str(other), "--json"))["version"]
    assert "judges by" in model(tmp_path, "activate", "embedded", version, says=2)
    assert [version for version, active in listed(tmp_path).items() if active] != [version]


def test_whoever_activates_hears_which_gates_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text(CONTRACT)
    config = str(tmp_path / "gates.yaml")
    assert service(tmp_path, "gate", "list", GATE_CONFIG=config).returncode == 0
    model(tmp_path, "add", str(another_version(tmp_path / "bundle")))
    version = next(one for one, active in listed(tmp_path).items() if not active)
    told = model(tmp_path, "activate", "embedded", version, "--wait", "0.1", says=1)
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
def test_a_mistake_is_told_with_its_remedy(tmp_path: Path, arguments: list[str], says: str) -> None:
    assert says in model(tmp_path, *arguments, says=2)
