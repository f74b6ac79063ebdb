"""From a trained model to a bundle: ONNX, int8 weights, a calibrator, and the card."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from corpora import LabelledText
from service.confidence.calibrators import AnyCalibrator, Calibrator
from service.domain.values import Json
from service.scoring.bundle import CALIBRATOR, CARD, MODEL, TOKENIZER, sha256
from service.scoring.scripts import scripts_of
from training.corpus import Corpus
from training.encoder import ENCODER, ENCODER_LICENCE, ENCODER_SHA256, tokenizer
from training.graph import to_onnx
from training.models import said
from training.quantise import quantise
from training.serving import best_calibrator, raw_scores
from training.settings import Settings, options

PARTS = (MODEL, TOKENIZER, CALIBRATOR)
FP32_TOLERANCE = 1e-4
CHECKED = 500  # texts of the validation part that torch and the graphs are compared on
VERSIONED = ["torch", "transformers", "onnx", "onnxruntime", "tokenizers", "numpy"]


def export(
    model: torch.nn.Module, corpus: Corpus, settings: Settings, *, folder: Path
) -> Mapping[str, Json]:
    """Write the bundle of a trained model into `folder` and give back its card.

    The calibrator is fitted on the calibration part alone, on scores of the int8 model as served.
    Raises ValueError where the exported graph disagrees with torch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer().save(str(folder / TOKENIZER))
    exact = to_onnx(model)
    card = _card(corpus, settings, folder.name)
    held_out = corpus.parts["validation"][:CHECKED]
    by_torch = said(model, [item.text for item in held_out], settings)
    _write(folder, card, exact, Calibrator())
    apart = np.nanmax(np.abs(raw_scores(folder, held_out) - by_torch))
    if not apart <= FP32_TOLERANCE:
        raise ValueError(f"The exported graph is {apart:.1e} apart from torch.")
    _write(folder, card, quantise(exact), Calibrator())
    card["int8_drift"] = _drift(raw_scores(folder, held_out), by_torch)
    card["calibration"], calibrator = _calibrate(folder, corpus.parts["calibration"])
    (folder / CALIBRATOR).write_text(_document(calibrator.to_json()), encoding="utf-8")
    write_card(folder, card)
    return card


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the card with the hashes of the files as they now are: those that every bundle has,
    and those that the card names."""
    names = sorted({*PARTS, *card.get("files", {})})
    card["files"] = {name: sha256((folder / name).read_bytes()) for name in names}
    (folder / CARD).write_text(_document(card), encoding="utf-8")


def _card(corpus: Corpus, settings: Settings, name: str) -> dict[str, Json]:
    return {
        "name": name,
        "labels": [*corpus.labels],
        "approve_labels": [corpus.labels[0]],
        "languages": [*corpus.languages],
        "scripts": [*sorted(scripts_of({}, corpus.languages))],
        "reader": "wordpiece",
        "method": str(settings.method),
        "precision": "int8-weights",
        "max_tokens": settings.max_tokens,
        "task": corpus.task,
        "licence": "Apache-2.0",
        "encoder": {"name": ENCODER, "licence": ENCODER_LICENCE, "sha256": ENCODER_SHA256},
        "data": corpus.describe(),
        "command": f"python -m training build {corpus.origin['name']}{options(settings)}",
        "training": {**asdict(settings)},
        "weights": "int8, one scale per output column (embeddings: per row); activations fp32",
        "versions": {"python": platform.python_version(), **{p: version(p) for p in VERSIONED}},
    }


def _write(
    folder: Path, card: dict[str, Json], model: onnx.ModelProto, calibrator: Calibrator
) -> None:
    (folder / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    (folder / CALIBRATOR).write_text(_document(calibrator.to_json()), encoding="utf-8")
    write_card(folder, card)


def _calibrate(folder: Path, items: Sequence[LabelledText]) -> tuple[Json, AnyCalibrator]:
    choice = best_calibrator(folder, items)
    losses: dict[str, Json] = {str(kind): loss for kind, loss in choice.log_losses.items()}
    chosen = str(choice.calibrator.kind)
    return {"chosen": chosen, "items": choice.items, "log_loss": losses}, choice.calibrator


def _drift(found: np.ndarray, exact: np.ndarray) -> Json:
    read = np.isfinite(found)
    found, exact = found[read], exact[read]
    return {
        "items": len(found),
        "mean": float(np.abs(found - exact).mean()),
        "most": float(np.abs(found - exact).max()),
        "verdicts_flipped": int(np.count_nonzero((found > 0.5) != (exact > 0.5))),
    }


def _document(content: Mapping[str, Json]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
