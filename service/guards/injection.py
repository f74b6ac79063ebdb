"""Prompt injection: phrases that talk to a model, in whatever disguise they come."""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.domain.guard import Finding, Layer
from service.guards.decoding import Layers, unpacked
from service.guards.folding import rotated, views

_FOLDER = Path(__file__).resolve().parent
_NAMED = re.compile(r"<(\w+)>")
_APOSTROPHES = "'\u2019`"
_WORD = re.compile(r"\w+")
_FOREIGN_LETTER = re.compile(r"[^\W\x00-\x7f]")
_BORDERS = bytes(code if code < 128 and chr(code).isalnum() else 32 for code in range(256))
"""For `bytes.translate`: letters and digits of ASCII as they are, a blank for all else."""
_HAN = re.compile("[\u4e00-\u9fff]{2}")
_LONGEST_WORD = 24
"""Letters of a word in a gap: every repetition has its bound, so that no text is costly."""

type Told = tuple[Layer | None, Finding]
type Found = tuple[Finding, Layers]


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A phrase as a pattern, and of each part of it the words of which one must be there."""

    finding: Finding
    pattern: re.Pattern[str]
    anchors: frozenset[str]
    others: tuple[frozenset[str], ...]


def injections(text: str) -> Iterator[Found]:
    """Each kind of injection in the text, once, with the layers that hid it."""
    told: set[Finding] = set()
    for layers, inner in [((), text), *unpacked(text)]:
        for disguise, view in views(inner):
            for further, finding in _in_view(view, disguise):
                if finding not in told:
                    told.add(finding)
                    yield finding, (*layers, *filter(None, (disguise, further)))


def _in_view(view: str, disguise: Layer | None) -> list[Told]:
    words = _words(view)
    found = [] if _ANCHORS.isdisjoint(words) else _in_words(words)
    if disguise is Layer.SPACED:
        row = " ".join(words)
        found += [(None, p.finding) for p in _RUN_TOGETHER if p.pattern.search(row)]
    if not view.isascii():
        found += _in_chinese(words)
    if _has_marker(view):
        found.append((None, Finding.INJECTION_MARKERS))
    return found


def _words(view: str) -> list[str]:
    """What stands between signs and blanks; apostrophes are left out."""
    for apostrophe in _APOSTROPHES:
        view = view.replace(apostrophe, "")
    if not view.isascii() and _FOREIGN_LETTER.search(view):
        return _WORD.findall(view.replace("_", " "))
    # Whatever is beyond ASCII here is a sign: a question mark is as good a border.
    return view.encode("ascii", "replace").translate(_BORDERS).decode().split()


def _in_words(words: list[str]) -> list[Told]:
    row = " ".join(words)
    found = _found(_ENGLISH, row, _ENGLISH_WORDS.intersection(words), None)
    if not _ROTATED.isdisjoint(words):
        turned = rotated(row)
        there = _ENGLISH_WORDS.intersection(turned.split(" "))
        found += _found(_ENGLISH, turned, there, Layer.ROT13)
    return found


def _in_chinese(words: list[str]) -> list[Told]:
    characters = "".join(words)
    if not _HAN.search(" ".join(words)) or not _CHINESE_ANCHOR.search(characters):
        return []
    there = frozenset([word for word in _CHINESE_WORDS if word in characters])
    return _found(_CHINESE, characters, there, None)


def _found(
    phrases: list[Phrase], row: str, there: frozenset[str], under: Layer | None
) -> list[Told]:
    """The findings of a row; there are these of the phrases' words, and each part needs one."""
    return [
        (under, phrase.finding)
        for phrase in phrases
        if not there.isdisjoint(phrase.anchors)
        and not any(map(there.isdisjoint, phrase.others))
        and phrase.pattern.search(row)
    ]


def _has_marker(view: str) -> bool:
    if not (_MARKER_SIGN.search(view) or [word for word in _MARKER_WORDS if word in view]):
        return False
    return any(needle in view and pattern.search(view) for needle, pattern in _MARKERS)


def _phrases(language: str, pattern: Callable[[Sequence[str]], str]) -> list[Phrase]:
    file = tomllib.loads((_FOLDER / f"phrases.{language}.toml").read_text(encoding="utf-8"))
    made = []
    for finding, rows in file["phrases"].items():
        for row in rows:
            parts = _NAMED.sub(lambda name: str(file["words"][name[1]]), row).split(" ")
            anchors = next(part[1:] for part in parts if part.startswith("!"))
            # A full stop is any character: what such a part matches may be more than one word.
            others = [part for part in parts if part[0] not in "!~" and "." not in part]
            made.append(
                Phrase(
                    finding=Finding(finding),
                    pattern=re.compile(pattern([part.removeprefix("!") for part in parts])),
                    anchors=frozenset(anchors.split("|")),
                    others=tuple(frozenset(part.split("|")) for part in others),
                )
            )
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
_ROTATED = frozenset(
    rotated(word) for phrase in _ENGLISH for word in phrase.anchors if len(word) > 3
)
_ANCHORS = _ROTATED.union(*(phrase.anchors for phrase in _ENGLISH))
_ENGLISH_WORDS = frozenset().union(*(p.anchors.union(*p.others) for p in _ENGLISH))
_CHINESE_WORDS = frozenset().union(*(p.anchors.union(*p.others) for p in _CHINESE))
_CHINESE_ANCHOR = re.compile(
    "|".join(sorted({re.escape(word) for phrase in _CHINESE for word in phrase.anchors}))
)
_MARKERS = [
    (needle, re.compile(pattern))
    for needle, pattern in tomllib.loads((_FOLDER / "markers.toml").read_text(encoding="utf-8"))[
        "markers"
    ]
]
_MARKER_SIGN = re.compile(r"[<>#\]=*]")
_MARKER_WORDS = [needle for needle, _ in _MARKERS if not _MARKER_SIGN.search(needle)]
"""The needles without such a sign: a view with neither has no marker."""
