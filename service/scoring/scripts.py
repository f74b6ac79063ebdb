"""Which scripts a bundle reads, and which script a letter is of, as Unicode's names say it."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

CJK, LATIN = "cjk", "latin"

_IN_LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "tr", "vi", "id")
_OF_LANGUAGE: Mapping[str, tuple[str, ...]] = {
    "zh": (CJK,),
    "ja": (CJK, "hiragana", "katakana", "katakana-hiragana"),
    "ko": ("hangul",),
    "ar": ("arabic",),
    "fa": ("arabic",),
    "ur": ("arabic",),
    "he": ("hebrew",),
    "el": ("greek",),
    "hi": ("devanagari",),
    "th": ("thai",),
    "ru": ("cyrillic",),
    "uk": ("cyrillic",),
    "bg": ("cyrillic",),
    **dict.fromkeys(
        [
            "en",
            "de",
            "fr",
            "es",
            "it",
            "pt",
            "nl",
            "sv",
            "da",
            "nb",
            "fi",
            "pl",
            "cs",
            "ro",
            "hu",
            "tr",
            "vi",
            "id",
        ],
        (LATIN,),
    ),
}
_NO_WORDS = ("modifier", "feminine", "masculine", "micro", "ideographic")
"""Letters by their category that are signs of quantity or order beside words of any script."""


def scripts_of(card: Mapping[str, Any], languages: Sequence[str]) -> frozenset[str]:
    """The scripts that a bundle reads: what its card says, else those of its languages; none where
    neither is known, and then nothing is taken for foreign."""
    written = card.get("scripts")
    if written:
        return frozenset(map(str, written))
    return frozenset(script for language in languages for script in _OF_LANGUAGE.get(language, ()))


@lru_cache(maxsize=1 << 16)
def script_of(letter: str) -> str:
    """The script by the first word of the letter's name: latin, cjk, cyrillic, ..."""
    return unicodedata.name(letter, "").partition(" ")[0].lower()


@lru_cache(maxsize=1 << 16)
def is_foreign(letter: str, scripts: frozenset[str]) -> bool:
    """Whether a character is a letter of a script that is not among these. Styled letters are of
    the script that they stand for; what has no name, such as icons of private use, is of none."""
    is_braille = "\u2800" < letter <= "\u28ff"
    if not letter.isalpha() and not is_braille and unicodedata.category(letter) != "Co":
        return False
    plain = unicodedata.normalize("NFKC", letter)[:1]
    script = script_of(plain if plain.isalpha() else letter)
    return script not in scripts and script not in _NO_WORDS
