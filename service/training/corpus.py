"""The labelled texts that a bundle learns from, in parts, and what its card says of them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments import data
from experiments.data import LabelledText
from service.domain.values import Json
from service.scoring.bundle import sha256

DAVIDSON_CAVEAT = (
    "The labels are the majority of three annotators or more, who often disagree, and the tweets "
    "were gathered by a lexicon of slurs: the class shares are not the world's, and insults "
    "without such words are rare. Calibrate on labelled texts of your own before you rely on "
    "these figures."
)


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Texts by part (train, validation, calibration, test) and where they came from."""

    parts: Mapping[str, list[LabelledText]]
    origin: Mapping[str, Json]

    def describe(self) -> dict[str, Json]:
        """Origin, split rule and counts, for the card."""
        return {
            **self.origin,
            "split": {
                "by": "hash of the text without duplicates",
                "seed": data.SPLIT_SEED,
                "shares": dict(data.SPLIT_SHARES),
                "items": {name: len(items) for name, items in self.parts.items()},
                "approvable": {
                    name: sum(item.label for item in items) for name, items in self.parts.items()
                },
            },
        }


def corpus(source: str) -> Corpus:
    """`davidson`, or a CSV file with the columns text and label (1 where approving is right)."""
    if source == data.DAVIDSON.name:
        return Corpus(
            parts=data.split(data.davidson()),
            origin={
                "name": data.DAVIDSON.name,
                "source": data.DAVIDSON.origin,
                "licence": data.DAVIDSON.licence,
                "sha256": sha256(data.find(data.DAVIDSON).read_bytes()),
                "caveat": DAVIDSON_CAVEAT,
            },
        )
    file = Path(source)
    return Corpus(
        parts=data.split(data.without_duplicates(_texts(file))),
        origin={
            "name": file.name,
            "licence": "the file's own",
            "sha256": sha256(file.read_bytes()),
            "caveat": "The figures hold for texts like these.",
        },
    )


def _texts(file: Path) -> list[LabelledText]:
    with file.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    if not rows or not {"text", "label"} <= rows[0].keys():
        raise SystemExit(f"{file} needs the columns text and label.")
    return [
        LabelledText(text=row["text"], label=int(row["label"]), approving_share=int(row["label"]))
        for row in rows
    ]
