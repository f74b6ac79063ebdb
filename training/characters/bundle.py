"""From trained members to a bundle: one ONNX graph, tokenizer, calibrator, card."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from rich.progress import Progress
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from service.confidence.calibrators import Calibrator, choose
from service.scoring.bundle import CALIBRATOR, CARD, MODEL, TOKENIZER, sha256
from service.scoring.scripts import CJK
from training.characters.alphabet import alphabet
from training.characters.corpus import Parts
from training.characters.learning import (
    Floats,
    Settings,
    Texts,
    fit_ngrams,
    learn_network,
    odds,
)
from training.characters.networks import CharacterCnn, Members, NgramModel
from training.serving import raw_scores

LABELS = ("acceptable", "offensive")
OPSET = 18
TOLERANCE = 1e-4
VERSIONED = ("torch", "scikit-learn", "onnx", "onnxruntime", "tokenizers", "numpy")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The members, the tokenizer they read by, and how they weigh against each other."""

    tokenizer: Tokenizer
    ngram_model: NgramModel
    networks: Sequence[CharacterCnn]
    stack: tuple[float, float, float]

    def odds(self, network: CharacterCnn, texts: Texts) -> Floats:
        """The log-odds of approving by the member with this network."""
        of_ngrams, of_network, bias = self.stack
        both: Floats = of_ngrams * odds(self.ngram_model, texts) + of_network * odds(network, texts)
        return both + bias


def train(parts: Parts, settings: Settings, folder: Path, progress: Progress) -> Trained:
    """Train on the training part; what the folder holds from before is taken as it is.

    How n-grams and networks weigh against each other is fitted on the validation part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = alphabet([item.text for item in parts["train"]])
    tokenizer.enable_truncation(settings.max_tokens)
    texts, held_out = (Texts.of(parts[part], tokenizer) for part in ("train", "validation"))
    ngram_model = fit_ngrams(texts, settings, folder / "ngrams.pt")
    networks = [
        learn_network(
            texts,
            tokenizer.get_vocab_size(),
            settings,
            seed,
            folder / f"network-{seed}.pt",
            progress,
        )
        for seed in settings.seeds
    ]
    said = [odds(ngram_model, held_out), np.mean([odds(one, held_out) for one in networks], axis=0)]
    weighed = LogisticRegression(C=1000).fit(np.stack(said, axis=1), held_out.labels)
    stack = (*map(float, weighed.coef_[0]), float(weighed.intercept_[0]))
    return Trained(
        tokenizer=tokenizer,
        ngram_model=ngram_model,
        networks=networks,
        stack=(stack[0], stack[1], stack[2]),
    )


def export(
    trained: Trained, parts: Parts, settings: Settings, folder: Path, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the bundle into `folder` and give back its card, which says `data` of the parts.

    The calibrator is fitted on the calibration part alone, on scores as served. Raises ValueError
    where the graph disagrees with torch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained.tokenizer.no_truncation()
    trained.tokenizer.save(str(folder / TOKENIZER))
    trained.tokenizer.enable_truncation(settings.max_tokens)
    model = to_onnx(Members(trained.ngram_model, trained.networks, trained.stack))
    (folder / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    _write(folder / CALIBRATOR, Calibrator().to_json())
    card: dict[str, Any] = {
        "name": folder.name,
        "reader": "wordpiece",
        "method": "ensemble",
        "languages": ["zh"],
        "scripts": [CJK],
        "precision": "fp32",
        "labels": list(LABELS),
        "approve_labels": [LABELS[0]],
        "max_tokens": settings.max_tokens,
        "task": "P(a comment in Chinese is acceptable), against offensive",
        "licence": "Apache-2.0",
        "encoder": "none: trained from nothing on the data below",
        "data": dict(data),
        "command": "python -m training.characters",
        "training": asdict(settings) | {"stack": list(trained.stack)},
        "versions": {"python": platform.python_version(), **{p: version(p) for p in VERSIONED}},
    }
    write_card(folder, card)
    held_out = parts["validation"][:500]
    texts = Texts.of(held_out, trained.tokenizer)
    by_torch = np.mean([sigma(trained.odds(one, texts)) for one in trained.networks], axis=0)
    apart = float(np.nanmax(np.abs(raw_scores(folder, held_out) - by_torch)))
    if not apart <= TOLERANCE:
        raise ValueError(f"The exported graph is {apart:.1e} apart from torch.")
    raw = raw_scores(folder, parts["calibration"])
    labels, read = np.array([item.label for item in parts["calibration"]]), np.isfinite(raw)
    choice = choose(raw[read], labels[read])
    card["calibration"] = {
        "chosen": str(choice.calibrator.kind),
        "items": choice.items,
        "log_loss": {str(kind): loss for kind, loss in choice.log_losses.items()},
    }
    _write(folder / CALIBRATOR, choice.calibrator.to_json())
    write_card(folder, card)
    return card


def to_onnx(model: Members) -> onnx.ModelProto:
    """The graph: input_ids and attention_mask (texts, tokens) to member_logits (members, texts,
    labels) and embedding (texts, width)."""
    ids = torch.full((2, 8), 5, dtype=torch.int64)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    program = torch.onnx.export(
        model.eval(),
        (ids, torch.ones_like(ids)),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=["member_logits", "unit_vector"],
        dynamic_shapes={"input_ids": axes, "attention_mask": axes},
    )
    if program is None:
        raise ValueError("torch gave no ONNX program.")
    made: onnx.ModelProto = program.model_proto
    # torch notes the source lines of this machine in every node; the graph does without.
    graph = made.graph
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, graph):
        del part.metadata_props[:]
        part.doc_string = ""
    # torch calls what it looks up by the name that the contract has for the output.
    _rename(graph, {"embedding": "looked_up", "unit_vector": "embedding"})
    return made


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.value_info, *graph.output):
        value.name = names.get(value.name, value.name)


def sigma(log_odds: Floats) -> Floats:
    """The probability of log-odds."""
    result: Floats = 1 / (1 + np.exp(-log_odds))
    return result


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the card with the hashes of the files as they now are."""
    files = (MODEL, TOKENIZER, CALIBRATOR)
    card["files"] = {name: sha256((folder / name).read_bytes()) for name in files}
    _write(folder / CARD, card)


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
