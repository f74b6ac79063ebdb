"""From labelled texts to what the network reads: token ids or stored vectors, masks, targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from corpora import LabelledText
from training.encoder import Classifier, tokenizer
from training.lower import Lower, padded
from training.settings import Settings

MEGABATCH = 40  # batches that are sorted by length together: little padding, still shuffled
AT_ONCE = 64  # texts that are read together where nothing learns


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Vectors below the first layer that learns, (texts, tokens, width), their mask, 0 where
    padded, and P(approving is right) per text."""

    vectors: torch.Tensor
    mask: torch.Tensor
    target: torch.Tensor


class Reading:
    """Gives the part of the model that learns its input, from texts."""

    def __init__(self, model: Classifier, settings: Settings, lower: Lower | None = None) -> None:
        self._model = model
        self._lower = lower
        self._settings = settings
        self._encode = tokenizer()
        self._encode.enable_truncation(settings.max_tokens)

    def __call__(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors (texts, tokens, width) below the first layer that learns, and their mask."""
        ids, mask = padded([self._encode.encode(text).ids for text in texts])
        return self._lower(texts) if self._lower else self._model.lower(ids, mask), mask

    def batches(
        self, items: Sequence[LabelledText], chance: np.random.Generator
    ) -> Iterator[Batch]:
        """Every item once, in batches of near length, shuffled."""
        lengths = [len(self._encode.encode(item.text).ids) for item in items]
        order = chance.permutation(len(items)).tolist()
        size = self._settings.batch
        found: list[list[int]] = []
        for start in range(0, len(order), size * MEGABATCH):
            near = sorted(order[start : start + size * MEGABATCH], key=lengths.__getitem__)
            found += [near[at : at + size] for at in range(0, len(near), size)]
        for chosen in (found[place] for place in chance.permutation(len(found))):
            vectors, mask = self([items[index].text for index in chosen])
            target = torch.tensor([self._target(items[index]) for index in chosen])
            yield Batch(vectors=vectors, mask=mask, target=target)

    def _target(self, item: LabelledText) -> float:
        # A 2:1 vote is weaker evidence than 3:0; a target that knows it learns better.
        votes = self._settings.vote_weight
        return votes * item.approving_share + (1 - votes) * item.label


def by_length(texts: Sequence[str], at_once: int = AT_ONCE) -> Iterator[list[int]]:
    """The places of all texts, those of near length together."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for start in range(0, len(order), at_once):
        yield order[start : start + at_once]
