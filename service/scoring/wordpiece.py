"""Texts as word pieces, for transformers: `input_ids` and `attention_mask`."""

import os
import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer

from service.domain.decision import Item, Reads
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.legibility import UNKNOWN, Legibility
from service.scoring.pictures import JOINS, SIGNS
from service.scoring.reading import Inputs, one_by_one
from service.scoring.scripts import CJK
from service.scoring.traditional import known_forms
from service.scoring.unreadable import Part, Unreadable

# The tokenizer's own threads would push those that run models off their cores.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

MOST_CHARACTERS = 20_000
"""Characters that are tokenised at all: far more than any model here reads."""

_GLUED = re.compile(rf"(?<=\w)(?=[{SIGNS}])|(?<=[{SIGNS}{JOINS}])(?=\w)")
"""Where a word and a picture touch. As one word they would be unknown, and the word unread."""


class WordpieceReader:
    """Reads a text's first `max_tokens` word pieces. Raises BrokenBundle on a tokenizer that does
    not load."""

    reads = Reads.TEXT

    def __init__(
        self, tokenizer: bytes, max_tokens: int, scripts: frozenset[str] = frozenset()
    ) -> None:
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except Exception as error:  # the tokenizers library raises bare Exception
            raise BrokenBundle(f"The bundle's tokenizer does not load: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        vocabulary = self._tokenizer.get_vocab()
        self._legibility = Legibility(vocabulary)
        self._unknown_id = vocabulary.get(UNKNOWN)
        self._known_forms = known_forms(vocabulary) if CJK in scripts else {}
        self._unreadable = Unreadable(scripts, self._unknown)

    def read(self, item: Item) -> Inputs:
        return self._inputs(item, self._tokenizer.encode(self._beginning(item)))

    def read_all(self, items: Sequence[Item]) -> list[Inputs | ScorerFailed]:
        try:  # In one call, which lets go of the interpreter once and not for every text.
            texts = [self._beginning(item) for item in items]
            encodings = self._tokenizer.encode_batch_fast(texts)
        except Exception:  # one of them cannot be tokenised; as above
            return one_by_one(self.read, items)
        encoded = iter(encodings)
        return one_by_one(lambda item: self._inputs(item, next(encoded)), items)

    def probe(self) -> Inputs:
        return _inputs(self._tokenizer.encode("warm").ids)

    def unreadable(self, text: str) -> Sequence[Part]:
        return self._unreadable.parts(text[:MOST_CHARACTERS])

    def _inputs(self, item: Item, encoding: Encoding) -> Inputs:
        ids, text = encoding.ids, item.text or ""
        if not self._legibility.of(ids, len(ids) - self._special):
            raise ScorerFailed("The model cannot read this language or script.")
        cut = len(text) > MOST_CHARACTERS or bool(encoding.overflowing)
        close_look = self._unknown_id in ids or self._unreadable.may_be_in(text)
        unread = close_look and bool(self.unreadable(text))
        return _inputs(ids, truncated=cut, unreadable=unread)

    def _beginning(self, item: Item) -> str:
        return self._as_read((item.text or "")[:MOST_CHARACTERS])

    def _as_read(self, text: str) -> str:
        """The text as the vocabulary knows it best: longer by blanks alone."""
        if text.isascii():
            return text
        return _GLUED.sub(" ", text.translate(self._known_forms))

    def _unknown(self, text: str) -> list[Part]:
        """Where the pieces stand that the vocabulary lacks."""
        encoding = self._tokenizer.encode(self._as_read(text), add_special_tokens=False)
        blanks = [] if text.isascii() else [at.start() for at in _GLUED.finditer(text)]
        longer = [at + before for before, at in enumerate(blanks)]
        return [
            (start - bisect_left(longer, start), end - bisect_left(longer, end))
            for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
            if token == self._unknown_id
        ]


def _inputs(ids: Sequence[int], *, truncated: bool = False, unreadable: bool = False) -> Inputs:
    rows = {
        "input_ids": np.array(ids, dtype=np.int64),
        "attention_mask": np.ones(len(ids), dtype=np.int64),
    }
    return Inputs(rows=rows, truncated=truncated, unreadable=unreadable)
