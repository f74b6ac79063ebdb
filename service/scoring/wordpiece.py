"""Texts as word pieces, for transformers: `input_ids` and `attention_mask`."""

import os
from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer

from service.domain.decision import Item, Reads
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.legibility import Legibility
from service.scoring.reading import Inputs, one_by_one

# The tokenizer's own threads would push those that run models off their cores.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

MOST_CHARACTERS = 20_000
"""Characters that are tokenised at all: far more than any model here reads."""


class WordpieceReader:
    """Reads a text's first `max_tokens` word pieces. Raises BrokenBundle on a tokenizer that does
    not load."""

    reads = Reads.TEXT

    def __init__(self, tokenizer: bytes, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except Exception as error:  # the tokenizers library raises bare Exception
            raise BrokenBundle(f"The bundle's tokenizer does not load: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._legibility = Legibility(self._tokenizer.get_vocab())

    def read(self, item: Item) -> Inputs:
        return self._inputs(item, self._tokenizer.encode(_beginning(item)))

    def read_all(self, items: Sequence[Item]) -> list[Inputs | ScorerFailed]:
        try:  # In one call, which lets go of the interpreter once and not for every text.
            encodings = self._tokenizer.encode_batch_fast([_beginning(item) for item in items])
        except Exception:  # one of them cannot be tokenised; as above
            return one_by_one(self.read, items)
        encoded = iter(encodings)
        return one_by_one(lambda item: self._inputs(item, next(encoded)), items)

    def probe(self) -> Inputs:
        return _inputs(self._tokenizer.encode("warm").ids)

    def _inputs(self, item: Item, encoding: Encoding) -> Inputs:
        ids = encoding.ids
        if not self._legibility.of(ids, len(ids) - self._special):
            raise ScorerFailed("The model cannot read this language or script.")
        cut = len(item.text or "") > MOST_CHARACTERS or bool(encoding.overflowing)
        return _inputs(ids, truncated=cut)


def _beginning(item: Item) -> str:
    return (item.text or "")[:MOST_CHARACTERS]


def _inputs(ids: Sequence[int], *, truncated: bool = False) -> Inputs:
    rows = {
        "input_ids": np.array(ids, dtype=np.int64),
        "attention_mask": np.ones(len(ids), dtype=np.int64),
    }
    return Inputs(rows=rows, truncated=truncated)
