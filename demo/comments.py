"""The comments: a small sample written for this repository, or a draw from the real set."""

import csv
import os
import random
from dataclasses import dataclass
from pathlib import Path

import corpora

SAMPLE = Path(__file__).with_name("comments.csv")
DRAWN = 14
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Comment:
    """One comment; `right` is the verdict a careful person would give."""

    text: str
    category: str
    right: str


def read() -> list[Comment]:
    """The sample, or with DATA=davidson a draw from that set's untouched test part."""
    wanted = os.environ.get("DATA", "")
    if wanted in ("", "sample"):
        with SAMPLE.open(encoding="utf-8", newline="") as file:
            return [Comment(**row) for row in csv.DictReader(file)]
    if wanted != "davidson":
        raise SystemExit(f"DATA={wanted} is not known here. Use DATA=davidson, or leave it out.")
    try:
        test = corpora.split(corpora.davidson())["test"]
    except corpora.DataMissing as missing:
        raise SystemExit(str(missing)) from missing
    drawn = random.Random(SEED).sample(list(test), DRAWN)  # noqa: S311 - a draw, not a secret
    return [
        Comment(text=item.text, category="", right="approve" if item.label else "reject")
        for item in drawn
    ]
