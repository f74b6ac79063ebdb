"""Traditional Chinese characters that a vocabulary lacks, as the simplified ones that it knows.

A vocabulary made of simplified texts reads nothing in 殺 and much in 杀. What it knows stays as it
is, so that no text it could read reads otherwise.
"""

import tomllib
from collections.abc import Container
from functools import cache
from pathlib import Path


def known_forms(vocabulary: Container[str]) -> dict[int, str]:
    """For `str.translate`: each character that the vocabulary lacks, by one that it has."""
    return {
        ord(traditional): simplified
        for traditional, simplified in _pairs()
        if traditional not in vocabulary and simplified in vocabulary
    }


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """Of OpenCC; the file says more."""
    file = Path(__file__).with_name("simplified.toml")
    rows = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(zip(rows["traditional"], rows["simplified"], strict=True))
