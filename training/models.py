"""What a run trains for a method, and the one network that its bundle's graph is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import numpy as np
import torch
from rich.progress import Progress

from service.scoring.heads import Method
from training.batches import by_length
from training.corpus import Corpus
from training.encoder import tokenizer
from training.finetune import finetune, fresh, trained
from training.lower import Lower, lower_vectors, padded
from training.members import Ensemble, McDropout
from training.settings import Settings


def train(corpus: Corpus, folder: Path, settings: Settings, progress: Progress) -> None:
    """Train every network that the method needs; goes on where an interrupted run stopped."""
    lower = stored_lower(corpus, settings, folder / "lower", progress)
    parts = corpus.parts
    for member, own in _members(folder, settings):
        finetune(parts["train"], parts["validation"], member, own, progress, lower)


def assembled(folder: Path, settings: Settings) -> torch.nn.Module:
    """The trained network of a run, ready for the graph."""
    members = [trained(member, own) for member, own in _members(folder, settings)]
    match settings.method:
        case Method.SOFTMAX:
            return members[0]
        case Method.ENSEMBLE:
            return Ensemble(members).eval()
        case Method.MC_DROPOUT:
            return McDropout(members[0], passes=settings.members, seed=settings.seed).eval()
        case _:
            assert_never(settings.method)


def said(model: torch.nn.Module, texts: Sequence[str], settings: Settings) -> np.ndarray:
    """The mean over members of P(approving is right) of each text, by torch."""
    encode = tokenizer()
    encode.enable_truncation(settings.max_tokens)
    found = np.empty(len(texts))
    with torch.inference_mode():
        for chosen in by_length(texts):
            logits, _ = model(*padded([encode.encode(texts[place]).ids for place in chosen]))
            p = torch.softmax(logits, -1)[..., 0]
            found[chosen] = (p if p.ndim == 1 else p.mean(0)).numpy()
    return found


def stored_lower(
    corpus: Corpus, settings: Settings, folder: Path, progress: Progress
) -> Lower | None:
    """What the layers that do not learn make of every text, where some do not learn."""
    model = fresh(settings)
    if not model.first_learned:
        return None
    encode = tokenizer()
    encode.enable_truncation(settings.max_tokens)
    texts = [item.text for items in corpus.parts.values() for item in items]
    return lower_vectors(model, texts, encode, folder, progress)


def _members(folder: Path, settings: Settings) -> Iterator[tuple[Path, Settings]]:
    """The folder and settings of each network that is trained: an ensemble's differ by seed."""
    if settings.method is not Method.ENSEMBLE:
        yield folder, settings
        return
    for number in range(settings.members):
        yield folder / f"member-{number + 1}", replace(settings, seed=settings.seed + number)
