"""`model train`: handed to the environment that has torch; where there is none, it says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.cli.model import training


def test_without_torch_it_tells_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "TRAINING", Path("nowhere/python"))
    done = CliRunner().invoke(app, ["model", "train", "comments.csv"])
    assert done.exit_code == 2
    assert "make setup TRAIN=1" in done.output


def test_it_is_the_trainer_that_reads_the_options(tmp_path: Path) -> None:
    if not training.TRAINING.exists():
        pytest.skip("There is no training environment: make setup TRAIN=1")
    texts = tmp_path / "texts.csv"
    texts.write_text("text,label\nsee you there,2\n")
    done = subprocess.run(
        [sys.executable, "-m", "service", "model", "train", "texts.csv", "--method", "ensemble"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(training.REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "texts.csv, line 2: label is '2'" in done.stderr


def test_quantising_is_handed_over_too(tmp_path: Path) -> None:
    if not training.TRAINING.exists():
        pytest.skip("There is no training environment: make setup TRAIN=1")
    bundle = training.REPOSITORY / "models" / "embedded"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "service", "model", "quantise"),
            *(str(bundle), "int8-dynamic", str(tmp_path / "new"), "davidson"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(training.REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "int8-static" in done.stderr
    assert not (tmp_path / "new").exists()
