"""`scripts/test-inventory`: what a change to the tests has lost is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEFORE = ["test_gates::test_opens", "test_gates::test_shuts[1]", "test_keys::test_a_key_is_shown"]


def inventory(path: Path, tests: list[str], **assertions: int) -> Path:
    path.write_text(json.dumps({"tests": tests, "assertions": assertions}))
    return path


def compared(before: Path, after: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "test-inventory"
    command = [sys.executable, str(script), "compare", str(before), str(after)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return inventory(tmp_path / "before.json", BEFORE, test_gates=5, test_keys=2)


def test_what_is_there_no_longer_is_missing(before: Path, tmp_path: Path) -> None:
    told = compared(before, inventory(tmp_path / "after.json", BEFORE[:2], test_gates=7))
    assert told.returncode == 1
    assert "missing: 1\n    test_keys::test_a_key_is_shown" in told.stdout


def test_what_moved_or_has_another_name_is_not_missing(before: Path, tmp_path: Path) -> None:
    now = ["test_doors::test_opens", "test_gates::test_shuts[1]", "test_keys::test_a_key_is_told"]
    told = compared(
        before, inventory(tmp_path / "after.json", now, test_gates=4, test_doors=1, test_keys=2)
    )
    assert told.returncode == 0
    assert "test_gates::test_opens -> test_doors::test_opens" in told.stdout
    assert "test_keys::test_a_key_is_shown -> test_keys::test_a_key_is_told" in told.stdout
    assert "missing: 0" in told.stdout
    assert "test_gates: 5 before, 4 after" in told.stdout


def test_fewer_assertions_are_told(before: Path, tmp_path: Path) -> None:
    told = compared(before, inventory(tmp_path / "after.json", BEFORE, test_gates=5, test_keys=1))
    assert told.returncode == 1
    assert "assertions: 7 before, 6 after" in told.stdout
    assert "test_keys: 2 before, 1 after" in told.stdout
