"""A text's language by its script: sure, or undecided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.language import Language, language_of

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is a fair point, thank you.", Language.EN),
        ("ok", Language.EN),
        ("don't @you_know http://example.com", Language.EN),
        ("这个教程写得很清楚，谢谢分享！", Language.ZH),
        ("這個教程寫得很清楚，謝謝分享！", Language.ZH),
        ("这个app很好用，比上一个version好", Language.ZH),
        ("鲜の味真好吃 ^_^", Language.ZH),
        ("これは本当に面白いですね", None),
        ("안녕하세요 여러분", None),
        ("大韓民國 여러분 안녕하세요", None),
        ("Привет всем", None),
        ("thank you 谢谢", None),
        ("12345 !!! 🎉", None),
        ("", None),
    ],
)
def test_it_is_told_by_script_and_otherwise_left_open(text: str, language: Language | None) -> None:
    assert language_of(text) == language


@given(HAN, st.text(alphabet=" 0123456789，。！？", max_size=20))
def test_digits_and_punctuation_change_nothing(words: str, other: str) -> None:
    assert language_of(words + other) is Language.ZH


@given(HAN)
def test_a_text_half_of_kana_is_not_chinese(words: str) -> None:
    assert language_of(words + "の" * len(words)) is None
