"""Text that is not what it looks like."""

import pytest

from service.domain.guard import Finding
from service.guards.malformed import malformed
from tests.guards.collection import attacks, benign

MALFORMED = {
    "a\x00b": {Finding.CONTROL_CHARACTERS},
    "bell\x07": {Finding.CONTROL_CHARACTERS},
    "c1 \x9b31m red": {Finding.CONTROL_CHARACTERS},
    "admin\u202e nimda": {Finding.BIDI_OVERRIDE},
    "if access == \u2066user\nreturn": {Finding.BIDI_OVERRIDE},
    "open \u202bnever closed": {Finding.BIDI_OVERRIDE},
    "na\u200bu\u200bgh\u200bty": {Finding.INVISIBLE_CHARACTERS},
    "hi" + "\u200b" * 50: {Finding.INVISIBLE_CHARACTERS},
    "hi" + "\U000e0041" * 20: {Finding.INVISIBLE_CHARACTERS},
    "lone \ud800 surrogate": {Finding.BROKEN_ENCODING},
    "noncharacter \ufffe": {Finding.BROKEN_ENCODING},
    "\ufffd\ufffd\ufffd\ufffd?": {Finding.BROKEN_ENCODING},
    "Z" + "\u0310" * 6 + "algo": {Finding.STACKED_MARKS},
    "ก" + "\u0e47" * 20: {Finding.STACKED_MARKS},
    "a" * 128: {Finding.REPETITION},
    "spam " * 200: {Finding.REPETITION},
    "哈哈" * 500: {Finding.REPETITION},
    "pаypal": {Finding.MIXED_SCRIPTS},
    "αmazon": {Finding.MIXED_SCRIPTS},
}


@pytest.mark.parametrize("text", MALFORMED, ids=ascii)
def test_each_kind_is_found(text: str) -> None:
    assert set(malformed(text)) == MALFORMED[text]


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_ordinary_texts_of_many_scripts_are_left_alone(language: str) -> None:
    found = {text: list(malformed(text)) for text in benign(language) if [*malformed(text)]}
    assert found == {}


def test_a_plain_attack_is_not_malformed() -> None:
    assert [text for text in attacks("english") + attacks("chinese") if [*malformed(text)]] == []


@pytest.mark.parametrize(
    "text",
    [
        "closed \u2067ا ب\u2069 again",
        "two lines\u2067ا\u2069\nfine",
        "a" * 127,
        "tab\tand\nlines\r\n",
        "one \ufffd in a long enough text is an accident of the crawl",
        "Việt Nam, क्षत्रिय, שָׁלוֹם",
    ],
    ids=ascii,
)
def test_the_limits_are_where_they_are_said_to_be(text: str) -> None:
    assert list(malformed(text)) == []
