"""A bundle in another precision, with a calibrator, drift and accuracy of its own.

| precision | what it is | for |
|---|---|---|
| fp32 | as trained | comparison |
| fp16 | half the memory | GPUs |
| int8-weights | fp32 arithmetic, a quarter of the file | any CPU |
| int8-static | products in int8, ranges fixed beforehand | CPUs with VNNI or AMX |

Dynamic int8 is not among them: it would give a text another score in another batch.
"""

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

import numpy as np
import onnx
from numpy.typing import NDArray

from corpora import LabelledText
from service.confidence import metrics
from service.domain.decision import Item
from service.domain.errors import ScorerFailed
from service.domain.values import Json
from service.scoring.bundle import CALIBRATOR, CARD, MODEL, Bundle, load_bundle, sha256
from service.scoring.novelty import NOVELTY
from service.scoring.readers import make_reader
from service.scoring.reading import collate
from training.corpus import Corpus
from training.novelty import learn
from training.precision.fusing import fused, restored
from training.precision.half import half
from training.precision.static_int8 import Feed, static_int8
from training.quantise import quantise as int8_weights
from training.serving import best_calibrator, raw_scores

RANGED = 300
"""Texts of the training part that the ranges of static int8 are taken from."""

MOST_BATCH_DRIFT = 0.003
"""A text's score may not depend on its company by more than this."""


MOST_ACCURACY_LOST = 0.003


class Precision(StrEnum):
    FP32 = "fp32"
    FP16 = "fp16"
    INT8_WEIGHTS = "int8-weights"
    INT8_STATIC = "int8-static"


WEIGHTS: Mapping[Precision, str] = {
    Precision.FP32: "fp32 (embeddings: int8 per row, where they were)",
    Precision.FP16: "fp16 (embeddings: int8 per row, where they were)",
    Precision.INT8_WEIGHTS: "int8, one scale per output column (embeddings: per row); "
    "activations fp32",
    Precision.INT8_STATIC: "int8, one scale per output column (embeddings: per row); "
    "what is multiplied with them uint8, one range per tensor, from training texts",
}
"""What the card says of the numbers that a bundle works in."""


def quantise(source: Path, precision: Precision, target: Path, texts: Corpus) -> Mapping[str, Json]:
    """Write the bundle of `source` in another precision into `target`; its card.

    Ranges, and what tells novelty, come from the train part, the calibrator from the calibration
    part, what the card says of drift and accuracy from the validation part. Raises ValueError, and
    leaves no bundle, where a text's score would depend on its batch, or more than .3 points of
    accuracy would be lost.
    """
    if target.resolve() == source.resolve():
        raise ValueError("The new bundle needs a folder of its own.")
    bundle = load_bundle(source)
    target.mkdir(parents=True, exist_ok=True)
    for name in bundle.files:
        shutil.copyfile(source / name, target / name)
    model = in_precision(bundle, precision, texts.parts["train"])
    (target / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    card = dict(bundle.card) | {"precision": str(precision), "weights": WEIGHTS[precision]}
    write_card(target, card)
    found = _compared(source, target, texts.parts["validation"])
    if broken := _broken_promise(found):
        (target / CARD).unlink()
        raise ValueError(broken)
    card["quantised"] = {"from": bundle.version, **found}
    card["calibration"] = _calibrate(target, texts.parts["calibration"])
    write_card(target, card)
    if NOVELTY in bundle.files:  # it rests on the model's embeddings
        learn(target, texts)
    return dict(load_bundle(target).card)


def in_precision(
    bundle: Bundle, precision: Precision, typical: Sequence[LabelledText]
) -> onnx.ModelProto:
    """The bundle's graph in another precision."""
    model = onnx.load_from_string(bundle.model)
    match precision:
        case Precision.FP32:
            return fused(model)
        case Precision.FP16:
            return half(restored(model))
        case Precision.INT8_WEIGHTS:
            return int8_weights(restored(model))
        case Precision.INT8_STATIC:
            return static_int8(fused(model), _feeds(bundle, typical[:RANGED]))
        case _:
            assert_never(precision)


def _feeds(bundle: Bundle, items: Sequence[LabelledText]) -> Iterator[Feed]:
    reader = make_reader(bundle)
    for item in items:
        try:
            yield collate([reader.read(Item(text=item.text))])
        except ScorerFailed:  # in a script that the model cannot read
            continue


def _compared(source: Path, target: Path, items: Sequence[LabelledText]) -> dict[str, Any]:
    """How far apart the two bundles' scores are, and the new one's alone and in company."""
    before, after = raw_scores(source, items), raw_scores(target, items)
    alone = raw_scores(target, items, largest_batch=1)
    read = np.isfinite(before) & np.isfinite(after)
    labels = np.array([item.label for item in items], dtype=np.float64)[read]
    before, after, alone = before[read], after[read], alone[read]
    return {
        "items": len(labels),
        "mean": float(np.abs(after - before).mean()),
        "most": float(np.abs(after - before).max()),
        "verdicts_flipped": _flipped(before, after),
        "accuracy_before": metrics.accuracy(before, labels),
        "accuracy": metrics.accuracy(after, labels),
        "batch_drift": float(np.abs(after - alone).max()),
        "batch_verdicts_flipped": _flipped(alone, after),
    }


def _broken_promise(found: Mapping[str, Any]) -> str | None:
    if found["batch_drift"] > MOST_BATCH_DRIFT:
        return f"Scores depend on the batch by {found['batch_drift']:.4f}."
    lost = round((found["accuracy_before"] - found["accuracy"]) * found["items"])
    if lost > math.ceil(MOST_ACCURACY_LOST * found["items"]):
        return f"Of {found['items']} verdicts {lost} that were right are lost."
    return None


def _flipped(some: NDArray[np.float64], others: NDArray[np.float64]) -> int:
    return int(np.count_nonzero((some > 0.5) != (others > 0.5)))


def _calibrate(folder: Path, items: Sequence[LabelledText]) -> Json:
    choice = best_calibrator(folder, items)
    (folder / CALIBRATOR).write_text(_document(choice.calibrator.to_json()), encoding="utf-8")
    losses: dict[str, Json] = {str(kind): loss for kind, loss in choice.log_losses.items()}
    return {"chosen": str(choice.calibrator.kind), "items": choice.items, "log_loss": losses}


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the card with the hashes of its files as they now are."""
    card["files"] = {name: sha256((folder / name).read_bytes()) for name in card["files"]}
    (folder / CARD).write_text(_document(card), encoding="utf-8")


def _document(content: Mapping[str, Json]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
