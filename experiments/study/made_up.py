"""Made-up sets in the shape of the real ones, for machines that have none of these.

Words have no meaning; some of them occur more often on one side. Three people vote on each text,
each wrong one time in twelve, and the label is their majority.
"""

import zlib

import numpy as np

from experiments.study.sets import StudySet

WORDS, TOLD_BY = 400, 60
SYLLABLES = ("ba", "de", "ki", "lo", "mu", "na", "po", "ri", "se", "tu", "va", "zo")
CARD = {"mind": "Made up: the real set is not on this machine. Its figures say nothing."}
APPROVING = {"davidson": 0.2, "cold_zh": 0.5, "convabuse": 0.86, "german_credit": 0.7}


def made_up(name: str, items: int) -> StudySet:
    """A set of this name and size."""
    chance = np.random.default_rng(zlib.crc32(name.encode()))
    truth = chance.random(items) < APPROVING[name]
    if name == "german_credit":
        return _records(name, truth, chance)
    votes = np.where(chance.random((items, 3)) < 1 / 12, ~truth[:, None], truth[:, None])
    has_votes = name != "cold_zh"
    texts = _sentences(truth, chance, joined="" if name == "cold_zh" else " ")
    return StudySet(
        name=name,
        keys=texts,
        labels=(votes.mean(axis=1) > 0.5).astype(np.float64),
        texts=texts,
        approving=votes.mean(axis=1) if has_votes else None,
        language="made up",
        card=CARD,
    )


def _sentences(truth: np.ndarray, chance: np.random.Generator, joined: str) -> list[str]:
    words = ["".join(chance.choice(SYLLABLES, chance.integers(2, 5))) for _ in range(WORDS)]
    weights = np.ones((2, WORDS))
    weights[0, :TOLD_BY], weights[1, TOLD_BY : 2 * TOLD_BY] = 4.0, 4.0
    weights /= weights.sum(axis=1, keepdims=True)
    lengths = chance.integers(6, 18, truth.size)
    return [
        joined.join(words[word] for word in chance.choice(WORDS, length, p=weights[int(side)]))
        for side, length in zip(truth, lengths, strict=True)
    ]


def _records(name: str, truth: np.ndarray, chance: np.random.Generator) -> StudySet:
    amounts = chance.normal(np.where(truth, 3.0, 5.0), 1.5).round(3)
    accounts = np.where(chance.random(truth.size) < np.where(truth, 0.7, 0.3), "some", "none")
    records: list[dict[str, str | int]] = [
        {"amount": int(1000 * amount), "account": str(account), "row": row}
        for row, (amount, account) in enumerate(zip(amounts, accounts, strict=True))
    ]
    return StudySet(
        name=name,
        keys=[str(record) for record in records],
        labels=truth.astype(np.float64),
        records=records,
        card=CARD,
    )
