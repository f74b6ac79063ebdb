"""Texts as word pieces, for transformers: `input_ids` and `attention_mask`."""

import numpy as np
from tokenizers import Tokenizer

from service.domain.decision import Item, Reads
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.legibility import legible
from service.scoring.reading import Inputs

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

    def read(self, item: Item) -> Inputs:
        text = item.text or ""
        encoding = self._tokenizer.encode(text[:MOST_CHARACTERS])
        special = encoding.special_tokens_mask
        if not legible([t for t, mark in zip(encoding.tokens, special, strict=True) if not mark]):
            raise ScorerFailed("The model cannot read this language or script.")
        cut = len(text) > MOST_CHARACTERS or bool(encoding.overflowing)
        return _inputs(encoding.ids, truncated=cut)

    def probe(self) -> Inputs:
        return _inputs(self._tokenizer.encode("warm").ids, truncated=False)


def _inputs(ids: list[int], *, truncated: bool) -> Inputs:
    row = np.array(ids, dtype=np.int64)
    return Inputs(rows={"input_ids": row, "attention_mask": np.ones_like(row)}, truncated=truncated)
