"""What of a text a model cannot read: a score says nothing of such a part.

As with a text that is cut off at the model's length, the rest may be judged well, and the part may
say anything. Parts are: letters of other scripts than the bundle's, words that the vocabulary lacks
or that are longer than any, a sentence in Latin letters where these are guests, and pictures that
are neither known nor harmless. One foreign letter is none, nor is a Latin word in Chinese.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from service.scoring.pictures import PICTURE, is_harmless, is_offensive
from service.scoring.scripts import CJK, LATIN, is_foreign

type Part = tuple[int, int]
"""Where it begins and ends in the text."""

FEWEST_FOREIGN = 2
"""Letters of other scripts: one is a symbol, a unit or a face."""
LONGEST_WORD = 30
"""Letters. The longest words in use have 28; beyond it words are glued together, and pieces of
words are read as none."""
LONGEST_GUEST = 20
"""Letters of a Latin word among those of another script, which is read letter by letter."""
FEWEST_GUESTS = 3
"""Latin words in a row that are a sentence. Names and products have two more often than three."""
FEWEST_RARE = 3
"""Different Han characters that the vocabulary lacks: two make a rare word or a name."""
MOST_RARE = 0.1
"""The share of a text's letters from which rare ones count wherever they stand; else in a row."""

_WORD = re.compile(r"[^\W\d_]+")
_AGAIN = re.compile(r"([^\W\d_]{1,4}?)\1{2,}")
"""A letter or a syllable over and over, as in laughter."""
_LETTER = "[A-Za-z\u00c0-\u024f]"
_ADDRESS = re.compile(r"https?://\S+")
_LONG_RUN = re.compile(f"{_LETTER}{{{LONGEST_GUEST + 1},}}")
_GAP = r"[ '\u2019,!?;_-]+"
_SENTENCE = re.compile(
    rf"(?<!{_LETTER}){_LETTER}+(?:{_GAP}{_LETTER}+){{{FEWEST_GUESTS - 1},}}(?!{_LETTER})"
)
_LONGER = re.compile(f"{_LETTER}{{2}}")
_NARROW = {0xFF00 + code: chr(0x20 + code) for code in range(1, 0x5F)} | {0x3000: " "}
"""Wide letters as what they are read as."""
_PLAIN = re.compile(
    "[^\x00-\u024f\u1e00-\u206f\u20a0-\u20bf\u2122\u3000-\u303f\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20]"
)
"""What is beyond Latin letters, Han characters and punctuation: looked at more closely."""
_HAN = re.compile("[\u4e00-\u9fff]")


class Unreadable:
    """What a bundle of these `scripts` cannot read; `unknown` tells which parts of a text its
    vocabulary lacks."""

    def __init__(
        self, scripts: frozenset[str], unknown: Callable[[str], Sequence[Part]] = lambda _: ()
    ) -> None:
        self._scripts = scripts
        self._unknown = unknown
        self._latin_is_guest = bool(scripts) and LATIN not in scripts
        self._han_is_foreign = bool(scripts) and CJK not in scripts

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth a closer look, the vocabulary apart. Most texts are not."""
        if _LONG_RUN.search(text) or (self._latin_is_guest and _sentences(text)):
            return True
        if text.isascii():
            return False
        return bool(_PLAIN.search(text) or (self._han_is_foreign and _HAN.search(text)))

    def parts(self, text: str) -> list[Part]:
        """Every part that cannot be read, in order; those that touch are one."""
        found = [*self._foreign(text), *self._too_long(text), *self._pictures(text)]
        found += self._lacking(text)
        if self._latin_is_guest:
            found += _sentences(text)
        return _joined(sorted(found), text)

    def _foreign(self, text: str) -> list[Part]:
        if not self._scripts or text.isascii():
            return []
        known = self._scripts | {LATIN}
        places = [i for i, letter in enumerate(text) if is_foreign(letter, known)]
        return [(i, i + 1) for i in places] if len(places) >= FEWEST_FOREIGN else []

    def _too_long(self, text: str) -> Iterator[Part]:
        most = LONGEST_GUEST if self._latin_is_guest else LONGEST_WORD
        addresses = [address.span() for address in _ADDRESS.finditer(text)]
        for run in _LONG_RUN.finditer(text):
            if any(start <= run.start() < end for start, end in addresses):
                continue  # an address is no word
            if len(_AGAIN.sub(r"\1", run[0])) > most:
                yield run.span()

    def _pictures(self, text: str) -> Iterator[Part]:
        if not text.isascii():
            for picture in PICTURE.finditer(text):
                if is_offensive(picture[0]):
                    yield picture.span()

    def _lacking(self, text: str) -> Iterator[Part]:
        """What the vocabulary lacks and is more than a sign, a harmless picture or one letter."""
        rare = []
        for start, end in self._unknown(text):
            piece = text[start:end]
            letters = sum(map(str.isalpha, unicodedata.normalize("NFKC", piece)))
            if picture := PICTURE.search(piece):
                if not is_harmless(picture[0]):
                    yield start, end
            elif letters >= FEWEST_FOREIGN:
                yield start, end
            elif letters:
                rare.append((start, end))
        yield from self._rare(rare, text)

    def _rare(self, rare: Sequence[Part], text: str) -> Iterator[Part]:
        """Of single letters that are unknown: rows of them, or all where they are many."""
        letters = sum(map(str.isalnum, text))
        if len(rare) >= MOST_RARE * letters and _say_something(rare, text):
            yield from rare
            return
        rows: list[list[Part]] = []
        for part in rare:
            if rows and rows[-1][-1][1] == part[0]:
                rows[-1].append(part)
            else:
                rows.append([part])
        yield from (part for row in rows if _say_something(row, text) for part in row)


def _sentences(text: str) -> list[Part]:
    """Latin words in a row; letters set apart, as in P O P, are none."""
    narrow = text if text.isascii() else text.translate(_NARROW)
    return [row.span() for row in _SENTENCE.finditer(narrow) if _LONGER.search(row[0])]


def _say_something(rare: Sequence[Part], text: str) -> bool:
    """Whether they are different enough for more than a name that comes again."""
    return len({text[start:end] for start, end in rare}) >= FEWEST_RARE


def _joined(parts: Sequence[Part], text: str) -> list[Part]:
    """Parts with nothing readable between them as one."""
    joined: list[Part] = []
    for start, end in parts:
        if joined and not _WORD.search(text, joined[-1][1], start):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
