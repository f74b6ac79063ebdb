"""Prompt injection: phrases that talk to a model, in whatever disguise they come."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from service.domain.guard import Finding, Layer
from service.guards.decoding import Layers, unpacked
from service.guards.folding import rotated, views

_FOLDER = Path(__file__).resolve().parent
_NAMED = re.compile(r"<(\w+)>")
_APOSTROPHES = re.compile("['\u2019`]")
_BETWEEN = re.compile(r"[\W_]+")
_HAN = re.compile("[\u4e00-\u9fff]{2}")
_LONGEST_WORD = 24
"""Letters of a word in a gap: every repetition has its bound, so that no text is costly."""

type Found = tuple[Finding, Layers]


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A phrase as a pattern, and the words or characters of which one must be there."""

    finding: Finding
    pattern: re.Pattern[str]
    anchors: tuple[str, ...]


def injections(text: str) -> Iterator[Found]:
    """Each kind of injection in the text, once, with the layers that hid it."""
    told: set[Finding] = set()
    for layers, inner in chain([((), text)], unpacked(text)):
        for disguise, view in views(inner):
            for further, finding in _in_view(view, disguise):
                if finding not in told:
                    told.add(finding)
                    yield finding, (*layers, *filter(None, (disguise, further)))


def _in_view(view: str, disguise: Layer | None) -> Iterator[tuple[Layer | None, Finding]]:
    row = _BETWEEN.sub(" ", _APOSTROPHES.sub("", view))
    words = set(row.split(" "))
    for finding in _in_words(row, words):
        yield None, finding
    if not _ROTATED.isdisjoint(words):
        turned = rotated(row)
        for finding in _in_words(turned, set(turned.split(" "))):
            yield Layer.ROT13, finding
    if disguise is Layer.SPACED:
        for phrase in _RUN_TOGETHER:
            if phrase.pattern.search(row):
                yield None, phrase.finding
    if _HAN.search(row):
        for finding in _in_chinese(row.replace(" ", "")):
            yield None, finding
    if any(needle in view and pattern.search(view) for needle, pattern in _MARKERS):
        yield None, Finding.INJECTION_MARKERS


def _in_words(row: str, words: set[str]) -> Iterator[Finding]:
    phrases = {id(p): p for word in words & _BY_WORD.keys() for p in _BY_WORD[word]}
    return (p.finding for p in phrases.values() if p.pattern.search(row))


def _in_chinese(characters: str) -> Iterator[Finding]:
    for phrase in _CHINESE:
        tried = any(anchor in characters for anchor in phrase.anchors)
        if tried and phrase.pattern.search(characters):
            yield phrase.finding


def _phrases(language: str, pattern: Callable[[Sequence[str]], str]) -> list[Phrase]:
    file = tomllib.loads((_FOLDER / f"phrases.{language}.toml").read_text(encoding="utf-8"))
    made = []
    for finding, rows in file["phrases"].items():
        for row in rows:
            parts = _NAMED.sub(lambda name: str(file["words"][name[1]]), row).split(" ")
            anchors = next(part[1:].split("|") for part in parts if part.startswith("!"))
            compiled = re.compile(pattern([part.removeprefix("!") for part in parts]))
            made.append(Phrase(finding=Finding(finding), pattern=compiled, anchors=tuple(anchors)))
    return made


def _word_by_word(parts: Sequence[str]) -> str:
    row = "".join(
        rf"(?:\w{{1,{_LONGEST_WORD}}} ){{0,{part[1:]}}}" if part.startswith("~") else f"(?:{part}) "
        for part in parts
    )
    return rf"\b{row.rstrip()}\b"


def _without_borders(letters_to_a_word: int) -> Callable[[Sequence[str]], str]:
    def pattern(parts: Sequence[str]) -> str:
        return "".join(
            rf"\w{{0,{letters_to_a_word * int(part[1:])}}}"
            if part.startswith("~")
            else f"(?:{part})"
            for part in parts
        )

    return pattern


_ENGLISH = _phrases("en", _word_by_word)
_RUN_TOGETHER = _phrases("en", _without_borders(6))
_CHINESE = _phrases("zh", _without_borders(1))
_BY_WORD: dict[str, list[Phrase]] = defaultdict(list)
for _one in _ENGLISH:
    for _anchor in _one.anchors:
        _BY_WORD[_anchor].append(_one)
_ROTATED = frozenset(rotated(word) for word in _BY_WORD if len(word) > 3)
_MARKERS = [
    (needle, re.compile(pattern))
    for needle, pattern in tomllib.loads((_FOLDER / "markers.toml").read_text(encoding="utf-8"))[
        "markers"
    ]
]
