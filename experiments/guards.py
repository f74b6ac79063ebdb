"""How often each guard speaks where it should not, and where it should.

`python -m experiments.guards` prints the tables of docs/guards.md. Real posts hold next to no
attacks, so nearly all that the first table counts is mistaken; personal data in them is often real.
"""

import argparse
import asyncio
import base64
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from corpora import (
    DataMissing,
    LabelledText,
    cold_zh,
    convabuse,
    davidson,
    german_credit,
    split,
)
from service.domain.decision import Item
from service.domain.guard import Finding, GuardRules
from service.guards.injection import injections
from service.guards.personal import Kind, personal_data
from service.guards.text_guard import TextGuard
from service.scoring.novelty import NOVELTY, Novelty
from tests.guards.collection import disguised
from training.serving import read

SCORED = {
    Finding.TRUNCATED,
    Finding.OUT_OF_DISTRIBUTION,
    Finding.TOO_COMPLEX,
    Finding.GUARD_FAILED,
}
"""What does not come from looking at a text alone."""
REAL_SETS = 3
SOME = 1500
"""Texts of a set that are scored for their novelty."""
MEASURES = ("out of distribution", "by words alone", "by meaning alone", "not readable")
LIMIT = GuardRules().novelty


def real_sets() -> dict[str, list[str]]:
    """The texts of every set that is here."""
    found: dict[str, list[str]] = {}
    sources: Mapping[str, Callable[[], list[str]]] = {
        "davidson": lambda: [item.text for item in davidson()],
        "convabuse": lambda: [message.text for message in convabuse()],
        "cold_zh": lambda: [item.text for items in cold_zh().values() for item in items],
    }
    for name, texts in sources.items():
        try:
            found[name] = texts()
        except DataMissing as missing:
            Console(stderr=True).print(str(missing))
    return found


def findings(texts: Sequence[str]) -> Counter[str]:
    """How many texts each finding is made in, under a gate's defaults."""

    async def looked_at() -> Counter[str]:
        guard, rules = TextGuard(), GuardRules()
        counted: Counter[str] = Counter()
        for text in texts:
            notes = await guard.inspect(Item(text=text), None, rules)
            counted.update({note.finding.value for note in notes})
        return counted

    return asyncio.run(looked_at())


def masked(texts: Sequence[str]) -> Counter[str]:
    """How many texts hold data of each kind."""
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update({found.kind.value for found in personal_data(text)})
    return counted


def detected(language: str) -> dict[str, str]:
    """Of the tests' own attacks in each disguise, how many are found."""
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for disguise, text, _ in disguised(language):
        tried[disguise] += 1
        found[disguise] += any(True for _ in injections(text))
    return {disguise: f"{found[disguise]} of {count}" for disguise, count in tried.items()}


def strange_sets() -> dict[str, list[str]]:
    """Texts that the English bundle was not made for."""
    lot = random.Random(1)  # noqa: S311 (nothing secret)
    letters = "abcdefghijklmnopqrstuvwxyz"

    def word() -> str:
        return "".join(lot.choice(letters) for _ in range(lot.randint(2, 10)))

    root = Path(__file__).resolve().parent.parent
    code = [
        "\n".join(lines[start : start + 6])
        for file in sorted(root.glob("service/**/*.py"))
        if (lines := file.read_text(encoding="utf-8").splitlines())
        for start in range(0, len(lines) - 6, 24)
    ]
    prose = [
        part
        for file in sorted(root.glob("docs/*.md"))
        for part in file.read_text(encoding="utf-8").split("\n\n")
        if len(part) > 80 and part[0].isalpha()
    ]
    parts = split(davidson())
    return {
        "davidson, test part": [item.text for item in parts["test"]],
        "convabuse (chats)": [message.text for message in convabuse()],
        "cold_zh (Chinese)": [item.text for items in cold_zh().values() for item in items],
        "german_credit as text": [
            "; ".join(f"{name}: {value}" for name, value in one.fields.items())
            for one in german_credit()
        ],
        "Python code": code,
        "this documentation": prose,
        "random letters": [" ".join(word() for _ in range(10)) for _ in range(SOME)],
        "base64 of tweets": [
            base64.b64encode(item.text.encode()).decode() for item in parts["test"]
        ],
    }


def novelty(bundle: Path, sets: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Of each set: the share over the limit by words and meaning together, by either alone, and the
    share that the model refuses to read. The limits are those of the validation part."""
    measure = Novelty.of_file((bundle / NOVELTY).read_bytes())
    lot = random.Random(2)  # noqa: S311 (nothing secret)

    def measured(texts: Sequence[str]) -> NDArray[np.float64]:
        items = [LabelledText(text=text, label=1, approving_share=1.0) for text in texts]
        found, _ = read(bundle, items)
        if not found:
            return np.empty((0, 3))
        inputs, embeddings = zip(*found, strict=True)
        alone = measure.measures(inputs, None if embeddings[0] is None else np.array(embeddings))
        return np.column_stack([alone.sum(axis=1), alone])

    usual = measured([item.text for item in split(davidson())["validation"]])
    limits = np.quantile(usual, 1 - LIMIT, axis=0)
    shares = {}
    for name, texts in sets.items():
        some = lot.sample(list(texts), min(SOME, len(texts)))
        found = measured(some)
        over = (found > limits).sum(axis=0) / len(some)
        unread = 1 - len(found) / len(some)
        shares[name] = dict(zip(MEASURES, (*over, unread), strict=True))
    return shares


def main() -> None:
    """Print how often each guard speaks."""
    parser = argparse.ArgumentParser(prog="python -m experiments.guards", description=main.__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("models/embedded"))
    options = parser.parse_args()
    console = Console()
    real = real_sets()
    console.print(_shares("finding", [f.value for f in Finding if f not in SCORED], real, findings))
    console.print(_shares("personal data", [kind.value for kind in Kind], real, masked))
    english, chinese = detected("english"), detected("chinese")
    table = Table("disguise", "English attacks found", "Chinese attacks found")
    for disguise, found in english.items():
        table.add_row(disguise, found, chinese.get(disguise, ""))
    console.print(table)
    if len(real) == REAL_SETS:
        table = Table("texts", *MEASURES)
        for name, shares in novelty(options.bundle, strange_sets()).items():
            table.add_row(name, *(f"{shares[measure]:.1%}" for measure in MEASURES))
        console.print(table)


def _shares(
    what: str,
    names: Sequence[str],
    sets: Mapping[str, list[str]],
    count: Callable[[Sequence[str]], Counter[str]],
) -> Table:
    table = Table(what, *(f"{name} ({len(texts):,})" for name, texts in sets.items()))
    counted = {name: count(texts) for name, texts in sets.items()}
    for row in names:
        table.add_row(
            row,
            *(
                f"{counted[name][row]} ({counted[name][row] / len(texts):.3%})"
                for name, texts in sets.items()
            ),
        )
    return table


if __name__ == "__main__":
    main()
