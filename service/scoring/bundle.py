"""A model bundle: a folder with the model, its tokenizer, its calibrator, and a card.

The card names labels and data, licence and metrics, and the SHA-256 of every file. What is loaded
is the bytes whose hash was checked, so a file that changes later cannot slip in.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.confidence.calibrators import Calibrator
from service.domain.errors import BrokenBundle, InvalidInput

CARD = "card.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
CALIBRATOR = "calibrator.json"
PARTS = (MODEL, TOKENIZER, CALIBRATOR)

REMEDY = "Restore the bundle from where it came, or export it again (python -m service.training)."


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Everything that scoring needs. `calibrator` maps P(approve_labels) to c."""

    name: str
    version: str
    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]
    max_tokens: int
    model: bytes
    tokenizer: str
    calibrator: Calibrator
    card: Mapping[str, Any]


def load_bundle(folder: Path) -> Bundle:
    """The bundle of a folder. Raises BrokenBundle, naming the file and the remedy, unless whole."""
    card_bytes = _read(folder / CARD)
    try:
        card = json.loads(card_bytes)
        contents = {name: _checked(folder / name, card["files"][name]) for name in PARTS}
        labels, approve_labels = tuple(card["labels"]), tuple(card["approve_labels"])
        name, max_tokens = str(card["name"]), int(card["max_tokens"])
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(folder / CARD, f"is not a bundle's card: {error!r}") from error
    if len(set(labels)) < 2 or not set(approve_labels) < set(labels) or not approve_labels:
        raise _broken(folder / CARD, "needs two labels or more, and some of them to approve")
    try:
        calibrator = Calibrator.from_json(json.loads(contents[CALIBRATOR]))
    except (ValueError, InvalidInput) as error:
        raise _broken(folder / CALIBRATOR, "does not describe a calibrator") from error
    return Bundle(
        name=name,
        version=f"{name}@{_fingerprint(contents)}",
        labels=labels,
        approve_labels=approve_labels,
        max_tokens=max_tokens,
        model=contents[MODEL],
        tokenizer=contents[TOKENIZER].decode("utf-8"),
        calibrator=calibrator,
        card=card,
    )


def sha256(content: bytes) -> str:
    """The hash that cards name a file's content by."""
    return hashlib.sha256(content).hexdigest()


def _fingerprint(contents: Mapping[str, bytes]) -> str:
    return sha256("".join(sha256(contents[name]) for name in PARTS).encode())[:12]


def _checked(file: Path, expected: str) -> bytes:
    content = _read(file)
    if (found := sha256(content)) != expected:
        raise _broken(file, f"has the SHA-256 {found[:12]}..., not {expected[:12]}... of its card")
    return content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _broken(file, f"cannot be read ({error.strerror})") from error


def _broken(file: Path, problem: str) -> BrokenBundle:
    return BrokenBundle(f"The model bundle is not whole: {file} {problem}.", fix=REMEDY)
