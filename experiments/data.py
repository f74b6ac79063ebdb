"""Where the real data sets are found, how they are cleaned, and how they are split.

A set is looked for in `GATE_DATA_DIR`, then in the folder `shared/data` beside this checkout, then
where `python -m experiments.data fetch` puts it. No row of a set is ever committed here.
"""

import argparse
import csv
import hashlib
import html
import io
import os
import re
import sys
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FETCHED = REPOSITORY / "var" / "data"

SPLIT_SEED = 20170511
SPLIT_SHARES = {"train": 0.65, "validation": 0.10, "calibration": 0.10, "test": 0.15}


class DataMissing(Exception):
    """The data set is not on this machine."""


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Where a set comes from, and the SHA-256 of the file as published and as we keep it."""

    name: str
    file: str
    address: str
    commit: str
    licence: str
    published_sha256: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """One text and the truth: `label` is 1 where approving is right.

    `approving_share` is the share of annotators in [0, 1] who found nothing wrong with it.
    """

    text: str
    label: int
    approving_share: float


DAVIDSON = DataSource(
    name="davidson",
    file="davidson.csv",
    address=(
        "https://raw.githubusercontent.com/t-davidson/hate-speech-and-offensive-language/"
        "{commit}/data/labeled_data.csv"
    ),
    commit="cb50f7e9eb855a99abc51423bf40df0e26d6fe30",
    licence="MIT (Tom Davidson, 2017)",
    published_sha256="fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281",
    sha256="a92191ce95cd340bd28266f5a61a1e9f18ccb3b910706e3395803769acddeefd",
)


def find(source: DataSource) -> Path:
    """The file of a data set; DataMissing, with the remedy, where it is nowhere to be found."""
    beside_this_checkout = REPOSITORY.parent / "shared" / "data"
    folders = [beside_this_checkout, FETCHED]
    if configured := os.environ.get("GATE_DATA_DIR"):
        folders.insert(0, Path(configured))
    for folder in folders:
        file = folder / source.name / source.file
        if file.is_file():
            return file
    raise DataMissing(
        f"The data set {source.name} is not here: set GATE_DATA_DIR to the folder that holds "
        f"{source.name}/{source.file}, or run: python -m experiments.data fetch"
    )


def davidson() -> list[LabelledText]:
    """24,783 English tweets, without duplicates, with the HTML entities of their crawl resolved."""
    with find(DAVIDSON).open(newline="", encoding="utf-8") as file:
        return without_duplicates(
            LabelledText(
                text=html.unescape(row["text"]).strip(),
                label=1 - int(row["label"]),
                approving_share=int(row["neither"]) / int(row["n"]),
            )
            for row in csv.DictReader(file)
        )


def split(items: Sequence[LabelledText]) -> dict[str, list[LabelledText]]:
    """The parts of SPLIT_SHARES. A text's part depends on the text and the seed alone."""
    parts: dict[str, list[LabelledText]] = {name: [] for name in SPLIT_SHARES}
    for item in items:
        digest = hashlib.sha256(f"{SPLIT_SEED}:{_essence(item.text)}".encode()).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        parts[_part_at(place)].append(item)
    return parts


def without_duplicates(items: Iterable[LabelledText]) -> list[LabelledText]:
    """The first of all texts that say the same."""
    first: dict[str, LabelledText] = {}
    for item in items:
        first.setdefault(_essence(item.text), item)
    return list(first.values())


def _essence(text: str) -> str:
    # A retweet, or the same words to someone else, must not stand in two parts of the split.
    text = re.sub(r"https?://\S+|\bRT\b|@\w+", " ", text)
    return " ".join(re.findall(r"\w+", text.casefold())) or text


def _part_at(place: float) -> str:
    for name, share in SPLIT_SHARES.items():
        if place < share:
            return name
        place -= share
    return name


def fetch_davidson(folder: Path = FETCHED) -> Path:
    """Download the set from its public source, check it, and keep it in the layout we read."""
    address = DAVIDSON.address.format(commit=DAVIDSON.commit)
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 (a fixed https address)
        published = answer.read()
    kept = keep_davidson(published)
    file = folder / DAVIDSON.name / DAVIDSON.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(kept)
    return file


def keep_davidson(published: bytes) -> bytes:
    """The published file in the layout we read. Raises ValueError where a hash is not as known."""
    _check_hash("the published file", published, DAVIDSON.published_sha256)
    kept = io.StringIO()
    table = csv.writer(kept, lineterminator="\n")
    table.writerow(["id", "text", "n", "hate", "offensive", "neither", "n_pos", "class", "label"])
    for row in csv.DictReader(io.StringIO(published.decode("utf-8"), newline="")):
        votes = [row["count"], row["hate_speech"], row["offensive_language"], row["neither"]]
        against = int(row["hate_speech"]) + int(row["offensive_language"])
        label = int(row["class"] != "2")
        table.writerow([row[""], row["tweet"], *votes, against, row["class"], label])
    content = kept.getvalue().encode("utf-8")
    _check_hash("the file as we keep it", content, DAVIDSON.sha256)
    return content


def _check_hash(what: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(f"SHA-256 of {what} is {found}, not {expected}: nothing was kept.")


def main() -> None:
    """`python -m experiments.data fetch`: bring the data sets onto this machine."""
    parser = argparse.ArgumentParser(prog="python -m experiments.data", description=main.__doc__)
    parser.add_argument("command", choices=["fetch"])
    parser.parse_args()
    try:
        sys.stdout.write(f"{fetch_davidson()}\n")
    except (OSError, ValueError) as error:
        sys.exit(f"{DAVIDSON.name} could not be fetched: {error}")


if __name__ == "__main__":
    main()
