"""Pictures in a text: which ones say nothing, which ones are meant badly, and where they stand.

The lists are in emoji.toml, each with its reason.
"""

import re
import tomllib
from pathlib import Path

_LISTS = tomllib.loads(Path(__file__).with_name("emoji.toml").read_text(encoding="utf-8"))
_COUNTRIES = frozenset(_LISTS["harmless"].pop("countries").split())
_HARMLESS = frozenset("".join(_LISTS["harmless"].values()))
_OFFENSIVE = frozenset("".join(_LISTS["offensive"].values()))

JOINS = "\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
"""Joiners, selectors, skins and a flag's region: parts of the picture before them."""
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
SIGNS = "\u2190-\u245f\u2500-\u27ff\u2900-\u2bff\U0001f000-\U0001faff"
"""Without the circled letters and braille, which are read as letters."""
PICTURE = re.compile(f"(?:{_FLAG}|[{SIGNS}])[{JOINS}]*")
"""One picture or sign with what is joined to it."""
_REGIONAL = 0x1F1E6
_FIRST_LISTED = 0x1F000
"""Signs of before there were emoji, arrows and stars say, are harmless unless they are listed."""


def is_offensive(picture: str) -> bool:
    return not _OFFENSIVE.isdisjoint(picture)


def is_harmless(picture: str) -> bool:
    """Whether a text may be judged without the picture."""
    sign = picture[0]
    if "\U0001f1e6" <= sign <= "\U0001f1ff":
        country = "".join(chr(ord(letter) - _REGIONAL + ord("A")) for letter in picture[:2])
        return country in _COUNTRIES
    return (ord(sign) < _FIRST_LISTED or sign in _HARMLESS) and not is_offensive(picture)


def unlisted(text: str) -> list[tuple[int, int]]:
    """The pictures that are not known to be harmless, for readers without a vocabulary."""
    found = [] if text.isascii() else PICTURE.finditer(text)
    return [picture.span() for picture in found if not is_harmless(picture[0])]
