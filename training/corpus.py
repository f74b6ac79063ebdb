"""The labelled texts that a bundle learns from, in parts, and what its card says of them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import corpora
from corpora import LabelledText
from service.domain.values import Json
from service.scoring.bundle import sha256

DAVIDSON_CAVEAT = (
    "The labels are the majority of three annotators or more, who often disagree, and the tweets "
    "were gathered by a lexicon of slurs: the class shares are not the world's, and insults "
    "without such words are rare. Calibrate on labelled texts of your own before you rely on "
    "these figures."
)

DAVIDSON_LABELS = ("acceptable", "offensive")
LABELS = ("approve", "reject")
"""What the labels 1 and 0 of a file are called, where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Texts by part (train, validation, calibration, test), what they are, where they came from.

    `labels` are the names of the two sides, the approving one first.
    """

    parts: Mapping[str, list[LabelledText]]
    origin: Mapping[str, Json]
    labels: tuple[str, str]
    languages: tuple[str, ...]
    task: str
    seed: int = corpora.SPLIT_SEED

    def describe(self) -> dict[str, Json]:
        """Origin, split rule and counts, for the card."""
        return {
            **self.origin,
            "split": {
                "by": "hash of the text without duplicates",
                "seed": self.seed,
                "shares": dict(corpora.SPLIT_SHARES),
                "items": {name: len(items) for name, items in self.parts.items()},
                "approvable": {
                    name: sum(item.label for item in items) for name, items in self.parts.items()
                },
            },
        }


def corpus(
    source: str,
    seed: int = corpora.SPLIT_SEED,
    *,
    labels: tuple[str, str] = LABELS,
    languages: tuple[str, ...] = ("en",),
) -> Corpus:
    """The corpus that `source` names, split by `seed`: `davidson`, or a CSV file with the columns
    text, label (1 where approving is right) and, if they are known, votes.

    `votes` is the share of the people asked who would approve, as 0.67 or 2/3. `labels` and
    `languages` are those of a file; a named set has its own.
    """
    if source == corpora.DAVIDSON.name:
        items, file = corpora.davidson(), corpora.find(corpora.DAVIDSON)
        labels, languages = DAVIDSON_LABELS, ("en",)
        task = "P(a comment in English is acceptable), against hateful or offensive"
        origin: dict[str, Json] = {
            "name": source,
            "source": corpora.DAVIDSON.origin,
            "licence": corpora.DAVIDSON.licence,
            "caveat": DAVIDSON_CAVEAT,
        }
    else:
        file = Path(source)
        items = corpora.without_duplicates(_texts(file))
        task = f"P(a text is {labels[0]}), against {labels[1]}"
        origin = {
            "name": file.name,
            "licence": "the file's own",
            "caveat": "The figures hold for texts like these.",
        }
    origin["sha256"] = sha256(file.read_bytes())
    return Corpus(
        parts=corpora.split(items, seed=seed),
        origin=origin,
        labels=labels,
        languages=languages,
        task=task,
        seed=seed,
    )


def _texts(file: Path) -> list[LabelledText]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as table:
            rows = list(csv.DictReader(table))
    except OSError as error:
        raise SystemExit(f"{file} cannot be read: {error.strerror}.") from error
    if not rows or not {"text", "label"} <= rows[0].keys():
        raise SystemExit(f"{file} needs the columns text and label.")
    return [_labelled(row, f"{file}, line {line}") for line, row in enumerate(rows, start=2)]


def _labelled(row: Mapping[str, str], where: str) -> LabelledText:
    text, label, votes = row["text"] or "", row["label"], row.get("votes") or row["label"]
    if not text.strip():
        raise SystemExit(f"{where}: there is no text.")
    if label not in ("0", "1"):
        raise SystemExit(f"{where}: label is {label!r}, not 1 (approving is right) or 0.")
    try:
        share = float(Fraction(votes))
    except (ValueError, ZeroDivisionError):
        share = -1.0
    if not 0 <= share <= 1:
        raise SystemExit(f"{where}: votes is {votes!r}, not a share such as 0.67 or 2/3.")
    return LabelledText(text=text, label=int(label), approving_share=share)
