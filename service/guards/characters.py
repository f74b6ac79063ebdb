"""Sets of characters that several guards need, as the insides of regular expressions' classes."""

import unicodedata
from collections.abc import Iterable

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What takes no room when shown: joiners, directions, fillers, selectors, tags."""


def class_of(code_points: Iterable[int]) -> str:
    """The inside of a character class for code points in rising order, runs as ranges."""
    runs: list[list[int]] = []
    for point in code_points:
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)


_VARIATIONS = range(0xFE00, 0xFE10)  # invisible rather than marks
MARKS = class_of(
    point
    for point in range(0x300, 0x10000)
    if point not in _VARIATIONS and unicodedata.category(chr(point)) in ("Mn", "Me")
)
"""Marks that stack on the letter before them (those of the Basic Multilingual Plane)."""
