"""Texts as hashed character n-grams, for linear models and small networks: `input_ids`, `weights`.

Training reads texts by this very code, so that a model is served what it was trained on. A row's
norm is taken here before any idf: a model with idf multiplies and normalises in its graph.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Item, Reads
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.pictures import unlisted
from service.scoring.reading import Inputs, Row, one_by_one
from service.scoring.unreadable import Part, Unreadable

VERSION = 1
"""Another one wherever the same text would give other numbers."""

FEWEST_KNOWN = 0.5
"""The share of a text's letters that must be of the scripts that the model was trained on."""

FNV_OFFSET = np.uint64(0xCBF29CE484222325)
FNV_PRIME = np.uint64(0x100000001B3)
MIXER = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finaliser
HALF = np.uint64(32)
SPACE = np.uint32(ord(" "))


@dataclass(frozen=True, kw_only=True)
class Ngrams:
    """How a text becomes n-grams: a bundle's ngrams.json.

    Texts are folded (NFKC, which also makes wide letters narrow; lower case; one space for any
    run of blanks), cut after `characters`, and hashed from `shortest` to `longest` characters into
    ids 1 to `buckets` (0 is padding). `within_words`: no n-gram goes on over a space. An n-gram
    that occurs f times weighs 1 + ln f; `unit_norm` then makes the row's length 1. `scripts` are
    those the model can read, as Unicode names letters: latin, cjk, cyrillic, ...
    """

    shortest: int
    longest: int
    buckets: int
    scripts: tuple[str, ...]
    within_words: bool = False
    unit_norm: bool = True
    characters: int = 2000

    def __post_init__(self) -> None:
        if not (1 <= self.shortest <= self.longest and self.buckets >= 1 and self.characters >= 1):
            raise ValueError("needs 1 <= shortest <= longest, and buckets and characters")
        if not self.scripts:
            raise ValueError("names no scripts")

    def to_json(self) -> dict[str, Any]:
        """The document that `from_json` reads."""
        return {"version": VERSION, **asdict(self), "scripts": list(self.scripts)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Raises TypeError or ValueError for a document that is not of this version."""
        keys = dict(document)
        if keys.pop("version", None) != VERSION:
            raise ValueError(f"is not of version {VERSION}")
        return cls(**{**keys, "scripts": tuple(keys["scripts"])})

    def folded(self, text: str) -> str:
        """The text as it is hashed, cut, between two spaces."""
        folded = unicodedata.normalize("NFKC", text[: 2 * self.characters]).lower()
        return f" {' '.join(folded.split())[: self.characters]} "

    def legible(self, folded: str) -> bool:
        """Whether enough of a text's letters are of the model's scripts, and any are."""
        letters = [_script(letter) for letter in folded if letter.isalpha()]
        known = sum(script in self.scripts for script in letters)
        return known > 0 and known >= FEWEST_KNOWN * len(letters)

    def weigh(self, folded: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ids of a folded text's n-grams, each once and rising, and their weights."""
        ids, counts = np.unique(self._hashed(folded), return_counts=True)
        weights = 1 + np.log(counts)
        if self.unit_norm:
            weights /= np.sqrt(weights @ weights)
        return ids, weights.astype(np.float32)

    def _hashed(self, folded: str) -> NDArray[np.int64]:
        """FNV-1a over the code points of every n-gram; longer ones go on where shorter ended."""
        letters = np.frombuffer(folded.encode("utf-32-le"), dtype=np.uint32)
        inside = np.cumsum(letters == SPACE)  # spaces up to each place
        state = np.full(letters.size, FNV_OFFSET)
        found = []
        for n in range(1, min(self.longest, letters.size) + 1):
            state = (state[: letters.size - n + 1] ^ letters[n - 1 :]) * FNV_PRIME
            if n < self.shortest:
                continue
            if self.within_words and n > 2:
                found.append(state[inside[n - 2 : -1] == inside[: letters.size - n + 1]])
            else:
                found.append(state)
        whole = np.concatenate(found) if found else state[:0]
        mixed = (whole ^ (whole >> HALF)) * MIXER  # FNV alone leaves the low bits uneven
        hashed: NDArray[np.int64] = ((mixed >> HALF) % np.uint64(self.buckets)).astype(np.int64) + 1
        return hashed


class NgramReader:
    """Reads a text's n-grams."""

    reads = Reads.TEXT

    def __init__(self, ngrams: Ngrams) -> None:
        self._ngrams = ngrams
        self._unreadable = Unreadable(frozenset(ngrams.scripts), unlisted)

    def read(self, item: Item) -> Inputs:
        text = item.text or ""
        folded = self._ngrams.folded(text)
        if not self._ngrams.legible(folded):
            raise ScorerFailed("The model cannot read this language or script.")
        return self._inputs(
            folded,
            truncated=len(text) > self._ngrams.characters,
            unreadable=self._unreadable.may_be_in(text) and bool(self.unreadable(text)),
        )

    def read_all(self, items: Sequence[Item]) -> list[Inputs | ScorerFailed]:
        return one_by_one(self.read, items)

    def probe(self) -> Inputs:
        return self._inputs(" warm ")

    def unreadable(self, text: str) -> Sequence[Part]:
        return self._unreadable.parts(text[: self._ngrams.characters])

    def _inputs(self, folded: str, *, truncated: bool = False, unreadable: bool = False) -> Inputs:
        ids, weights = self._ngrams.weigh(folded)
        rows: dict[str, Row] = {"input_ids": ids, "weights": weights}
        return Inputs(rows=rows, truncated=truncated, unreadable=unreadable)


def ngram_reader(document: Mapping[str, Any]) -> NgramReader:
    """The reader of a bundle's ngrams.json. Raises BrokenBundle where it describes none."""
    try:
        return NgramReader(Ngrams.from_json(document))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenBundle(f"The bundle's ngrams.json {error}.") from error


@lru_cache(maxsize=1 << 16)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0].lower()
