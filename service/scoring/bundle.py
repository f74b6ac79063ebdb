"""A model bundle: a folder with the model, its reader's file, its calibrator, and a card.

The card names labels and data, licence and metrics, how items are read and scores are made, and
the SHA-256 of every file. What is loaded is the bytes whose hash was checked, so a file that
changes later cannot slip in.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.confidence.calibrators import AnyCalibrator
from service.confidence.member_calibrator import MEMBERS, read_calibrator
from service.domain.errors import BrokenBundle, InvalidInput
from service.scoring.heads import Method
from service.scoring.reading import ReaderKind
from service.scoring.scripts import scripts_of

CARD = "card.json"
MODEL = "model.onnx"
CALIBRATOR = "calibrator.json"
TOKENIZER = "tokenizer.json"
READERS = {
    ReaderKind.WORDPIECE: TOKENIZER,
    ReaderKind.NGRAMS: "ngrams.json",
    ReaderKind.FIELDS: "fields.json",
}
"""The file that tells how items are read, by the kind of reader."""

DYNAMIC_OPERATORS = ("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM")
"""They take the range of a tensor from all the batch, so that a text's score depends on the texts
beside it: by .03 and more for the embedded model. A gate must give one text one score."""

REMEDY = "Restore the bundle from where it came, or export it again (python -m training)."


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Everything that scoring needs. `calibrator` maps P(approve_labels) to c.

    `max_tokens` is what a reader of word pieces reads of a text. `files` holds every file of the
    card by its name; what a bundle need not have (novelty.npz) is there or not. `languages` are
    those that the model was trained on, such as en and zh; none where the card does not say.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]
    reader: ReaderKind = ReaderKind.WORDPIECE
    method: Method = Method.SOFTMAX
    languages: tuple[str, ...] = ()
    precision: str = "int8-weights"
    max_tokens: int
    files: Mapping[str, bytes]
    calibrator: AnyCalibrator
    card: Mapping[str, Any]

    @property
    def model(self) -> bytes:
        """The ONNX graph."""
        return self.files[MODEL]

    @property
    def scripts(self) -> frozenset[str]:
        """The scripts that it reads: what its card says, else those of its languages."""
        return scripts_of(self.card, self.languages)

    @property
    def reading(self) -> bytes:
        """The reader's file."""
        return self.files[READERS[self.reader]]


def load_bundle(folder: Path) -> Bundle:
    """The bundle of a folder. Raises BrokenBundle, naming the file and the remedy, unless whole."""
    card_bytes = _read(folder / CARD)
    try:
        card = json.loads(card_bytes)
        reader = ReaderKind(card.get("reader", ReaderKind.WORDPIECE))
        method = Method(card.get("method", Method.SOFTMAX))
        needed = (MODEL, READERS[reader], CALIBRATOR)
        hashes = {name: card["files"][name] for name in (*needed, *sorted(card["files"]))}
        labels, approve_labels = tuple(card["labels"]), tuple(card["approve_labels"])
        name, languages = str(card["name"]), tuple(map(str, card.get("languages", ())))
        max_tokens = int(card["max_tokens"]) if reader is ReaderKind.WORDPIECE else 0
        precision = str(card.get("precision", "int8-weights"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _broken(folder / CARD, f"is not a bundle's card: {error!r}") from error
    if len(set(labels)) < 2 or not set(approve_labels) < set(labels) or not approve_labels:
        raise _broken(folder / CARD, "needs two labels or more, and some of them to approve")
    files = {file: _checked(folder, file, expected) for file, expected in hashes.items()}
    _refuse_dynamic_int8(folder / MODEL, files[MODEL])
    try:
        calibrator = read_calibrator(json.loads(files[CALIBRATOR]))
    except (ValueError, InvalidInput) as error:
        raise _broken(folder / CALIBRATOR, "does not describe a calibrator") from error
    if calibrator.kind == MEMBERS and method is Method.SOFTMAX:
        raise _broken(folder / CALIBRATOR, "is for several members, and the model is one")
    return Bundle(
        name=name,
        version=f"{name}@{_fingerprint(files)}",
        labels=labels,
        approve_labels=approve_labels,
        reader=reader,
        method=method,
        languages=languages,
        precision=precision,
        max_tokens=max_tokens,
        files=files,
        calibrator=calibrator,
        card=card,
    )


def sha256(content: bytes) -> str:
    """The hash that cards name a file's content by."""
    return hashlib.sha256(content).hexdigest()


def _refuse_dynamic_int8(file: Path, model: bytes) -> None:
    found = [name for name in DYNAMIC_OPERATORS if _operator(name) in model]
    if found:
        raise BrokenBundle(
            f"{file} is quantised dynamically ({', '.join(found)}): a text would get "
            "another score in another batch.",
            fix="Quantise it to int8-static or int8-weights instead.",
        )


def _operator(name: str) -> bytes:
    """An operator's name as ONNX writes it in a node: field 4 of a message, a short string."""
    return b"\x22" + bytes([len(name)]) + name.encode()


def _fingerprint(files: Mapping[str, bytes]) -> str:
    return sha256("".join(map(sha256, files.values())).encode())[:12]


def _checked(folder: Path, name: str, expected: str) -> bytes:
    file = folder / name
    if file.parent != folder:
        raise _broken(folder / CARD, f"names the file {name!r}, which is not of this folder")
    content = _read(file)
    if (found := sha256(content)) != expected:
        raise _broken(file, f"has the SHA-256 {found[:12]}..., not {str(expected)[:12]}... there")
    return content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _broken(file, f"cannot be read ({error.strerror})") from error


def _broken(file: Path, problem: str) -> BrokenBundle:
    return BrokenBundle(f"The model bundle is not whole: {file} {problem}.", fix=REMEDY)
