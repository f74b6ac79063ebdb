"""Text that nobody sees where it is shown: behind blank lines, in invisible characters, reordered.

`concealed` tells the stretches, for the page that shows them to a reviewer as what they are;
`conceals` whether there is any that is a reason to look.
"""

import re
from collections.abc import Iterator

from service.domain.marking import Mark, Stretch
from service.guards.characters import INVISIBLE
from service.guards.decoding import hidden_bytes

MOST_BLANK_LINES = 11
"""From a dozen on a text looks as if it were over: the rest is below the edge of a card."""
MOST_BLANKS = 199
"""Characters without a line's end; five lines of a card."""
MOST_INVISIBLE = 7
"""In a row: a byte's worth of zero-width bits. Joined emoji and scripts that join have two."""

_BLANK = "\u115f\u1160\u3164\uffa0"
"""Fillers, which are letters and show nothing. The braille blank is no letter."""
_GAP = re.compile(rf"(?:\W|[{_BLANK}]){{{MOST_BLANK_LINES + 1},}}")
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_WIDE = re.compile(rf"[\s\u2800{INVISIBLE}]{{{MOST_BLANKS + 1},}}")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{1,7}\U000e007f"
_UNSEEN = re.compile(
    f"{_FLAG}|(?P<tags>[\U000e0000-\U000e007f]+)"
    "|(?P<selectors>[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,})"
    f"|(?P<selector>(?<![{_HAN}])[\U000e0100-\U000e01ef])"
    f"|(?P<run>[{INVISIBLE}]{{{MOST_INVISIBLE + 1},}})"
)
_RARE_SELECTOR = re.compile(r"(?<=\w)[\ufe00-\ufe0d]")
_FEW = 2
_REORDERS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def conceals(text: str) -> bool:
    """Whether a part of the text is hidden from who reads it; reversed order is told apart."""
    return next(_gaps(text), None) is not None or (
        not text.isascii() and next(_unseen(text), None) is not None
    )


def concealed(text: str) -> list[Stretch]:
    """What of the text does not show, in order, with what it says where that is text again."""
    found = list(_gaps(text))
    if not text.isascii():
        found += _unseen(text)
        found += [
            Stretch(start=at.start(), end=at.end(), mark=Mark.REORDERED)
            for at in _REORDERS.finditer(text)
        ]
    return sorted(found, key=lambda stretch: stretch.start)


def _gaps(text: str) -> Iterator[Stretch]:
    """Blank room with text before and behind it."""
    for gap in _GAP.finditer(text):
        inside = gap.start() > 0 and gap.end() < len(text)
        if inside and len(_LINE_END.findall(gap[0])) > MOST_BLANK_LINES:
            yield Stretch(start=gap.start(), end=gap.end(), mark=Mark.GAP)
        elif inside and (wide := _WIDE.search(gap[0])):
            start = gap.start() + wide.start()
            yield Stretch(start=start, end=start + len(wide[0]), mark=Mark.GAP)


def _unseen(text: str) -> Iterator[Stretch]:
    for found in _UNSEEN.finditer(text):
        if found.lastgroup:
            yield Stretch(
                start=found.start(),
                end=found.end(),
                mark=Mark.INVISIBLE,
                says=hidden_bytes(found[0]),
            )
    # One byte behind each letter: the selectors of old are for signs and a few Han characters.
    alone = [at for at in _RARE_SELECTOR.finditer(text) if not text[at.start() - 1] >= "\u3400"]
    if len(alone) > _FEW:
        for at in alone:
            yield Stretch(start=at.start(), end=at.end(), mark=Mark.INVISIBLE)
