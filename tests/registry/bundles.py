"""Bundles made of shipped ones: the same graph with another calibrator, or spoilt."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.scoring.bundle import CALIBRATOR, CARD, MODEL, sha256

MODELS = Path(__file__).resolve().parents[2] / "models"


def another_version(folder: Path, shift: float = 0.0, of: str = "embedded") -> Path:
    """A shipped bundle with a calibrator of its own, so another version."""
    shutil.copytree(MODELS / of, folder)
    calibrator = {"kind": "beta", "a": 1.0, "b": 1.0, "shift": shift}
    replace_file(folder, CALIBRATOR, json.dumps(calibrator).encode())
    return folder


def rewrite_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps(card))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """A file and its hash in the card."""
    (folder / name).write_bytes(content)
    rewrite_card(folder, lambda card: card["files"].update({name: sha256(content)}))


def with_a_graph_that_does_not_run(folder: Path) -> Path:
    """Whole by its hashes, and no model."""
    replace_file(folder, MODEL, b"no graph")
    return folder


def with_other_labels(folder: Path) -> Path:
    """Whole, and it runs, but it speaks of something else than the gates do."""
    rewrite_card(folder, lambda card: card.update(labels=["ham", "spam"], approve_labels=["ham"]))
    return folder
