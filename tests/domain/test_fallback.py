"""What a fallback's phrases match."""

import pytest

from service.domain.fallback import FallbackRules


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("ass", "what an ASS!", True),
        ("ass", "first class", False),
        ("free money", "Free\n  MONEY now", True),
        ("free money", "freedom, money", False),
        ("加微信", "快来加微信吧", True),
        ("微信", "ＷｅＣｈａｔ", False),
        ("wechat", "加ＷｅＣｈａｔ", False),  # not a word of its own: a person looks
        ("wechat", "加 ＷｅＣｈａｔ！", True),
        ("c++", "I like C++.", True),
        ("straße", "STRASSE", True),
        ("1.5", "1x5", False),
    ],
)
def test_a_phrase_is_found_as_whole_words(phrase: str, text: str, found: bool) -> None:
    assert FallbackRules(reject_containing=("never said", phrase)).reject(text) is found


def test_without_rules_or_text_nothing_is_rejected() -> None:
    assert not FallbackRules().reject("anything")
    assert not FallbackRules(reject_containing=("x",)).reject(None)
