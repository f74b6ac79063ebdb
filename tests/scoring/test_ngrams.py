"""Texts as hashed n-grams: the same numbers for ever, whatever the text's dress."""

import json
import math
import unicodedata
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.decision import Item
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.ngrams import NgramReader, Ngrams, ngram_reader

NGRAMS = Ngrams(shortest=1, longest=3, buckets=1 << 18, scripts=("latin",))


def fnv1a(ngram: str, buckets: int) -> int:
    """The hash by its definition, one character at a time."""
    state = 0xCBF29CE484222325
    for letter in ngram:
        state = (state ^ ord(letter)) * 0x100000001B3 % 2**64
    mixed = (state ^ (state >> 32)) * 0xFF51AFD7ED558CCD % 2**64
    return (mixed >> 32) % buckets + 1


def by_hand(ngrams: Ngrams, folded: str) -> dict[int, float]:
    """Ids and weights as the definition has them."""
    found = Counter(
        fnv1a(ngram, ngrams.buckets)
        for n in range(ngrams.shortest, ngrams.longest + 1)
        for start in range(len(folded) - n + 1)
        if " " not in (ngram := folded[start : start + n])[1:-1] or not ngrams.within_words
    )
    weights = {ngram: 1 + math.log(count) for ngram, count in found.items()}
    length = math.hypot(*weights.values()) if ngrams.unit_norm else 1.0
    return {ngram: weight / length for ngram, weight in weights.items()}


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(1, 3),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)
def test_ids_and_weights_are_those_of_the_definition(
    text: str, shortest: int, more: int, within_words: bool, unit_norm: bool
) -> None:
    ngrams = Ngrams(
        shortest=shortest,
        longest=shortest + more,
        buckets=1000,
        scripts=("latin",),
        within_words=within_words,
        unit_norm=unit_norm,
    )
    folded = ngrams.folded(text)
    ids, weights = ngrams.weigh(folded)
    expected = by_hand(ngrams, folded)
    assert ids.tolist() == sorted(expected)
    assert weights == pytest.approx([expected[ngram] for ngram in sorted(expected)], rel=1e-6)


def test_the_numbers_never_change() -> None:
    # Trained models rest on them: whoever changes them needs another VERSION.
    ids, weights = replace(NGRAMS, longest=2).weigh(NGRAMS.folded("b 好"))
    assert ids.tolist() == [10349, 50774, 150212, 152776, 165621, 191245, 244259]
    assert weights == pytest.approx(
        [0.310025, 0.310025, 0.310025, 0.310025, 0.310025, 0.310025, 0.650622], abs=1e-6
    )


@pytest.mark.parametrize(
    "other",
    ["WHAT a  day", "\twhat\na day ", unicodedata.normalize("NFD", "what a day"), "ｗｈａｔ a day"],
)
def test_case_width_and_blanks_do_not_count(other: str) -> None:
    assert NGRAMS.folded(other) == " what a day "


def test_few_of_a_texts_ngrams_share_a_bucket() -> None:
    letters = [chr(0x4E00 + n) for n in range(200)]
    pairs = {first + second for first in letters for second in letters}
    found = Counter(fnv1a(pair, 1 << 18) for pair in pairs)
    # 40,000 balls in 262,144 bins: as evenly as chance has it.
    assert max(found.values()) <= 7
    assert len(found) == pytest.approx((1 << 18) * -math.expm1(-len(pairs) / (1 << 18)), rel=0.01)


def test_a_long_text_is_read_to_its_limit_and_says_so() -> None:
    reader = NgramReader(replace(NGRAMS, characters=10))
    short, long = (reader.read(Item(text=text)) for text in ("abcdefghij", "abcdefghijklm"))
    assert (short.truncated, long.truncated) == (False, True)
    assert np.array_equal(short.rows["input_ids"], long.rows["input_ids"])


@pytest.mark.parametrize("text", ["服务很好", "Отличный товар", "😂😂", "4711", "ok 服务很好", ""])
def test_what_is_not_of_the_models_scripts_is_not_read(text: str) -> None:
    with pytest.raises(ScorerFailed, match="cannot read"):
        NgramReader(NGRAMS).read(Item(text=text))


@pytest.mark.parametrize("text", ["ok", "très bien!", "ABC 好", "ｗｉｄｅ"])
def test_what_is_mostly_of_them_is(text: str) -> None:
    assert len(NgramReader(NGRAMS).read(Item(text=text))) > 0


def test_the_document_gives_the_same_reader() -> None:
    assert Ngrams.from_json(json.loads(json.dumps(NGRAMS.to_json()))) == NGRAMS


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"shortest": 0},
        {"longest": 0},
        {"buckets": 0},
        {"scripts": []},
        {"more": 1},
        {"buckets": None},
    ],
)
def test_a_document_of_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BrokenBundle, match="ngrams"):
        ngram_reader(NGRAMS.to_json() | change)
