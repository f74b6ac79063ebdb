"""Text that is not what it looks like, or that no person would write.

One pass per pattern, and before the dear ones a cheap look for what they cannot do without.

The limits were set on 65,000 real posts in English and Chinese; docs/guards.md tells how often each
of them speaks there.
"""

import re
import zlib
from collections.abc import Iterator

from service.domain.guard import Finding
from service.guards.characters import INVISIBLE, MARKS

MOST_STACKED = 5
"""Marks on one letter. Vietnamese needs two, Hebrew with cantillation four."""
LONGEST_RUN = 128
FEWEST_TO_COMPRESS = 400
"""UTF-8 bytes; a shorter text cannot flood anything."""
LEAST_COMPRESSED = 0.08
"""The compressed share of a text below which it is one thing over and over."""
MOST_INVISIBLE = 0.2
"""The share of invisible characters, of more than a few, from which a text is made of them."""
FEW = 8
MOST_REPLACED = 0.05

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_OVERRIDE = re.compile("[\u202d\u202e]")
_EMBED, _ISOLATE = "\u202a\u202b", "\u2066\u2067\u2068"
_DIRECTION = re.compile("[\u202a-\u202c\u2066-\u2069\n]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_EMOJI = re.compile(
    "[\u2600-\u27bf\U0001f1e6-\U0001faff][\u200d\ufe0f]|\U0001f3f4[\U000e0020-\U000e007e]{1,7}\U000e007f"
)
"""A picture with what joins it to the next one or chooses its form; a flag with its region."""
_SPLIT = re.compile("[^\\W\\d_][\u00ad\u200b-\u200d\u2060-\u2064\ufeff]{1,8}(?=[^\\W\\d_])")
_BROKEN = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_STACKED = re.compile(f"[{MARKS}]{{{MOST_STACKED + 1}}}")
_RUN = re.compile(rf"(\S)\1{{{LONGEST_RUN - 1}}}")
_STRIDE = 16
_SHORT_RUN = re.compile(rf"(\S)\1{{{LONGEST_RUN // _STRIDE - 1}}}")
"""What the shortest run that is too long leaves among every sixteenth character."""
_WORD = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f]{4,64}")
"""Of Latin, Greek and Cyrillic letters. Shorter ones are units (\u00b5m) and faces."""
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_RELATIVE = re.compile("[\u0370-\u052f]")
_RARE = re.compile(f"[{INVISIBLE}{MARKS}\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff\u0370-\u052f]")
"""The characters of which each finding beyond ASCII needs one."""


def malformed(text: str) -> Iterator[Finding]:
    """What is wrong with the text as characters. Most texts pay for a look or two."""
    if not text.isprintable() and _CONTROL.search(text):
        yield Finding.CONTROL_CHARACTERS
    if _is_flood(text):
        yield Finding.REPETITION
    if text.isascii() or not _RARE.search(text):
        return
    if _overrides(text):
        yield Finding.BIDI_OVERRIDE
    if _hides(text):
        yield Finding.INVISIBLE_CHARACTERS
    if _BROKEN.search(text) or text.count("\ufffd") > max(2, MOST_REPLACED * len(text)):
        yield Finding.BROKEN_ENCODING
    if _STACKED.search(text):
        yield Finding.STACKED_MARKS
    if _RELATIVE.search(text) and any(map(_mixes_scripts, _WORD.findall(text))):
        yield Finding.MIXED_SCRIPTS


def _is_flood(text: str) -> bool:
    if _SHORT_RUN.search(text[::_STRIDE]) and _RUN.search(text):
        return True
    content = text.encode("utf-8", "surrogatepass")
    if len(content) < FEWEST_TO_COMPRESS:
        return False
    return len(zlib.compress(content, 1)) < LEAST_COMPRESSED * len(content)


def _overrides(text: str) -> bool:
    """Whether the text shows another order than it has: an override, or a direction that is opened
    and not closed on its line, which is how source code was made to lie (CVE-2021-42574)."""
    if _OVERRIDE.search(text):
        return True
    embedded = isolated = 0
    for found in _DIRECTION.finditer(text):
        match found[0]:
            case "\n":
                if embedded or isolated:
                    return True
            case "\u202c":
                embedded = max(0, embedded - 1)
            case "\u2069":
                isolated = max(0, isolated - 1)
            case opening if opening in _ISOLATE:
                isolated += 1
            case _:
                embedded += 1
    return bool(embedded or isolated)


def _hides(text: str) -> bool:
    """Whether much of the text is invisible, or words are cut by what nobody sees.

    Joiners are letters' business in many scripts and in emoji: between Latin letters, or those of
    their relatives and of Chinese, they only deceive.
    """
    hidden = len(_INVISIBLE.findall(_EMOJI.sub("", text)))
    if hidden > FEW and hidden > MOST_INVISIBLE * len(text):
        return True
    cuts = [found for found in _SPLIT.finditer(text) if _never_joins(found[0][0])]
    return len(cuts) > 2


def _never_joins(letter: str) -> bool:
    return letter < "\u0590" or "\u3040" <= letter <= "\u9fff"


def _mixes_scripts(word: str) -> bool:
    """Whether a word pretends: no word of any language mixes these scripts."""
    return bool(_LATIN.search(word) and _RELATIVE.search(word))
