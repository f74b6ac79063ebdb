"""model train, quantise: handed to the environment that has torch, which serving does without."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from service.cli.context import told_in_words
from service.domain.errors import InvalidInput

REPOSITORY = Path(__file__).resolve().parents[3]
TRAINING = REPOSITORY / ".venv-train" / "bin" / "python"
NEEDED = ("torch", "transformers", "sklearn")


def train(context: typer.Context) -> None:
    """Train a model on labelled texts, and export, calibrate and report it as a bundle.

    Whatever follows is for the trainer: `model train --help` is its help.
    """
    _hand_over(context, "training", "build")


def quantise(context: typer.Context) -> None:
    """Write a bundle in another precision, with a calibrator, drift and accuracy of its own.

    Whatever follows is for the trainer: `model quantise --help` is its help.
    """
    _hand_over(context, "training.precision")


def _hand_over(context: typer.Context, *module_and_command: str) -> None:
    with told_in_words():
        python = training_python()
    known = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(known)}
    command = [python, "-m", *module_and_command, *context.args]
    os.execve(python, command, environment)  # noqa: S606 (our own module, by an argument list)


def training_python() -> str:
    """The interpreter that has torch: this one, or that of `.venv-train`. InvalidInput else."""
    if all(find_spec(name) for name in NEEDED):
        return sys.executable
    if TRAINING.exists():
        return str(TRAINING)
    raise InvalidInput(
        "Training needs torch and transformers, which serving does without.",
        fix="From a checkout: `make setup TRAIN=1`, and the same command again.",
    )
