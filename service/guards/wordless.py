"""A text in which there is nothing to read: signs, symbols, pictures alone."""

import re

from service.guards.characters import INVISIBLE

_WORD_OF_ASCII = re.compile("[A-Za-z0-9]")
_NOT_WORDS = re.compile(f"[0-9#*]\ufe0f?\u20e3|[{INVISIBLE}]")
"""Keycaps, which are pictures of digits, and invisible letters such as Hangul's fillers."""


def is_wordless(text: str) -> bool:
    """Whether the text holds no letter and no digit."""
    if text.isascii():
        return not _WORD_OF_ASCII.search(text)
    return not any(map(str.isalnum, _NOT_WORDS.sub("", text)))
