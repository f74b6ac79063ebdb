"""No text twice, and every text in one part for good."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from corpora.texts import LabelledText

SPLIT_SEED = 20170511
SPLIT_SHARES = {"train": 0.65, "validation": 0.10, "calibration": 0.10, "test": 0.15}


def split[Text: LabelledText](
    items: Sequence[Text], shares: Mapping[str, float] = SPLIT_SHARES, seed: int = SPLIT_SEED
) -> dict[str, list[Text]]:
    """The parts of `shares`, which sum to 1. A text's part depends on text and seed alone."""
    parts: dict[str, list[Text]] = {name: [] for name in shares}
    for item in items:
        parts[_part_at(place_of(essence(item.text), seed), shares)].append(item)
    return parts


def without_duplicates[Text: LabelledText](items: Iterable[Text]) -> list[Text]:
    """The first of all texts that say the same."""
    first: dict[str, Text] = {}
    for item in items:
        first.setdefault(essence(item.text), item)
    return list(first.values())


def essence(text: str) -> str:
    """What a text says, to whomever: the same for a repetition, as a retweet is one."""
    text = re.sub(r"https?://\S+|\bRT\b|@\w+", " ", text)
    return " ".join(re.findall(r"\w+", text.casefold())) or text


def place_of(key: str, seed: int = SPLIT_SEED) -> float:
    """A place in [0, 1) that depends on the key and the seed alone, and is as if drawn by lot."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _part_at(place: float, shares: Mapping[str, float]) -> str:
    for name, share in shares.items():
        if place < share:
            return name
        place -= share
    return name
