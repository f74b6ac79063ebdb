"""Which language is a text in? By its script alone, so that what is not sure is left undecided."""

import re
from enum import StrEnum

MOST_OF_IT = 0.7
"""The share of a text's words that must be of one script."""

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-zÀ-ɏ]+)*")
_LETTER = re.compile(r"[^\W\d_]")


class Language(StrEnum):
    """What a gate can tell apart. A script is no proof: whatever is in Latin letters is `en`."""

    EN = "en"
    ZH = "zh"


def language_of(text: str) -> Language | None:
    """The language that MOST_OF_IT of the text is in, None where no one is.

    A Han character counts as a word, and so does a run of Latin letters, and every letter of
    another script: kana and hangul make a text neither Chinese nor English, for Japanese and
    Korean are read by no model here.
    """
    chinese = len(_HAN.findall(text))
    english = len(_LATIN_WORD.findall(text))
    others = len(_LETTER.findall(_LATIN_WORD.sub("", _HAN.sub("", text))))
    enough = MOST_OF_IT * (chinese + english + others)
    if chinese and chinese >= enough:
        return Language.ZH
    if english and english >= enough:
        return Language.EN
    return None
