"""The hooks of a commit: its files as `make check` wants them, its subject in the one form."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.commit_subject import LONGEST, faults

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "commit_subject.py"
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
}


@pytest.mark.parametrize(
    "message",
    [
        "review: keep the gate filter after undo",
        "plugin, store: make every folder of modules a package",
        "web/pages: name the gate\n\nIts title was missing.\n",
        "\n# a comment of git's\nstore: count rows\n# another\n",
        "fixup! store: count rows",
        f"store: {'x' * (LONGEST - len('store: '))}",
    ],
)
def test_a_subject_in_form_is_taken(message: str) -> None:
    assert faults(message) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("", "no scope"),
        ("Keep the gate filter after undo", "no scope"),
        ("Review: keep the gate filter after undo", "no scope"),
        ("review:keep the gate filter after undo", "no scope"),
        ("review: keep the gate filter after undo.", "full stop"),
        ("store: count rows\nas they come", "second line"),
        (f"store: {'x' * LONGEST}", "79 characters; 72 are allowed"),
    ],
)
def test_another_subject_is_refused(message: str, fault: str) -> None:
    (found,) = faults(message)
    assert fault in found


@pytest.mark.parametrize(("message", "code"), [("store: count rows", 0), ("Rows", 1)])
def test_git_is_told_by_the_exit_code(tmp_path: Path, message: str, code: int) -> None:
    path = tmp_path / "COMMIT_EDITMSG"
    path.write_text(message, encoding="utf-8")
    told = subprocess.run([SCRIPT, path], capture_output=True, text=True, check=False)
    assert told.returncode == code
    assert bool(told.stderr) is bool(code)


def test_the_hooks_run_what_is_here() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("format", "lint"):
        program, command, *_ = HOOKS[name]["entry"].split()
        assert f"$(BIN)/{Path(program).name} {command}" in makefile
    assert ROOT / HOOKS["subject"]["entry"] == SCRIPT
    assert os.access(SCRIPT, os.X_OK)
    assert all(hook["language"] == "system" for hook in HOOKS.values())
