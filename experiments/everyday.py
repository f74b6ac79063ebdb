"""How often guards that look for what is missing or unreadable hold back everyday texts.

`python -m experiments.everyday` prints the table of docs/guards.md. Next to nothing in these sets
is an attack, so nearly all that is counted is mistaken.
"""

import argparse
import asyncio
import csv
import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from corpora.sources import FETCHED
from service.domain.decision import Item, Reads
from service.domain.errors import ScorerFailed
from service.domain.guard import Finding, GuardRules
from service.guards.text_guard import TextGuard
from service.scoring.bundle import load_bundle
from service.scoring.readers import make_reader

MODELS = Path("models")
SETS = {
    "embedded": (
        "tatoeba_en",
        "dialogue_en",
        "goemotions",
        "reviews_en",
        "requests_clinc",
        "tickets_banking",
        "product_categories",
    ),
    "embedded-zh": ("tatoeba_zh", "dialogue_zh", "chat_zh", "reviews_zh", "answers_zh"),
}
"""Everyday texts by the bundle of their language."""
MOST = 20_000
"""Texts of a set."""
FINDINGS = (
    Finding.UNRESOLVED_VARIABLE,
    Finding.NO_WORDS,
    Finding.HIDDEN_TEXT,
    Finding.UNREADABLE_PART,
)
REFUSED = "refused"
"""By the model, which reads too little of the text to score it at all."""

NAMES = [
    "Zoë Müller",
    "Łukasz Wiśniewski",
    "Nguyễn Văn Đức",
    "Søren Kierkegaard",
    "José Ángel Peña",
    "Siobhán O'Connor",
    "Björk Guðmundsdóttir",
    "Thandiwe Mkhize",
    "Ağrı Çelik",
    "Mihály Csíkszentmihályi",
    "Oluwaseun Adébáyò",
    "Wei-Ling Chen",
    "Priya Venkataraman",
    "Abdul-Rahman al-Sayed",
    "François Lefèvre",
    "Hans-Jürgen von Bülow",
    "Aoife Ní Bhriain",
    "Krzysztof Dąbrowski",
    "Xiomara Núñez",
    "Kanye McDonald",
]
FORMS = (
    "??-####",
    "B0########",
    "SM-?###?/DS",
    "####-####-####",
    "?#??#??#??#??#?##??#",
    "????####??",
    "###.##.###",
    "#???-##/?",
)
"""Product codes: ? is a capital letter, # a digit."""


def names_and_codes(some: int) -> list[str]:
    """Ordinary sentences, each around a name or a product code."""
    lot = random.Random(3)  # noqa: S311 (nothing secret)
    letters, digits = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"

    def code() -> str:
        form = lot.choice(FORMS)
        drawn = (lot.choice({"?": letters, "#": digits}.get(sign, sign)) for sign in form)
        return "".join(drawn)

    return [
        lot.choice(
            (
                f"I would like to return item {code()} that I bought last week.",
                f"Please send the {code()} to {lot.choice(NAMES)} instead.",
                f"{lot.choice(NAMES)} and {lot.choice(NAMES)} were very helpful.",
                f"{code()} {lot.choice(NAMES)}",
                code(),
            )
        )
        for _ in range(some)
    ]


def texts_of(folder: Path) -> list[str]:
    """Some texts of a set: of every CSV file that has a column of that name."""
    texts = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            texts += [row["text"] for row in csv.DictReader(lines) if row.get("text")]
    lot = random.Random(4)  # noqa: S311 (nothing secret)
    return lot.sample(texts, min(MOST, len(texts)))


def held_back(bundle: str, texts: Sequence[str]) -> Counter[str]:
    """How many of the texts each finding is made in, by guards and by the bundle's reader."""
    counted: Counter[str] = Counter()
    read = make_reader(load_bundle(MODELS / bundle)).read_all([Item(text=text) for text in texts])
    for found in read:
        if isinstance(found, ScorerFailed):
            counted[REFUSED] += 1
        elif found.unreadable:
            counted[Finding.UNREADABLE_PART] += 1

    async def looked_at() -> None:
        guard, rules = TextGuard(), GuardRules()
        for text in texts:
            notes = await guard.inspect(Item(text=text), None, rules, Reads.TEXT)
            counted.update({note.finding.value for note in notes})

    asyncio.run(looked_at())
    return counted


def main() -> None:
    """Print how many everyday texts are held back, and why."""
    parser = argparse.ArgumentParser(prog="python -m experiments.everyday", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("GATE_DATA_DIR", FETCHED)),
        help="the folder of the sets, each a folder of CSV files with a column text",
    )
    data: Path = parser.parse_args().data
    console = Console()
    names = [*(finding.value for finding in FINDINGS), REFUSED]
    table = Table("texts", "of", *names)
    for bundle, sets in SETS.items():
        found = {name: texts_of(data / name) for name in sets}
        if bundle == "embedded":
            found["names and product codes"] = names_and_codes(MOST)
        for name, texts in found.items():
            if not texts:
                Console(stderr=True).print(f"{name} is not in {data}: left out.")
                continue
            counted = held_back(bundle, texts)
            shares = (f"{counted[f]} ({counted[f] / len(texts):.3%})" for f in names)
            table.add_row(name, f"{len(texts):,}", *shares)
    console.print(table)


if __name__ == "__main__":
    main()
