"""Where ours goes wrong: the surest mistakes, in items' own words, and who else was unsure."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.study.members import plain
from experiments.study.opinions import ENSEMBLE
from experiments.study.policies import Case, ours
from experiments.study.sets import StudySet
from service.domain.certificate import Target

ALPHA, TARGET = 0.02, Target.SYSTEM_ERROR
SHOWN, LONGEST = 8, 160
MOST_TELLING = 150
"""So many words that tell of the rejected side most are masked: where they hurt, they are known."""


def mistakes(study: StudySet, case: Case, places: np.ndarray, seed: int) -> dict[str, Any]:
    """The automatic answers that are wrong, the surest first; and of all items and of these, in
    how many the annotators disagreed, and how many are of each category."""
    played = ours(case, target=TARGET, alpha=ALPHA)
    answers, c = played.answers, played.confidence
    assert c is not None
    right = case.test_labels == 1
    wrong = (answers.approved & ~right) | (answers.rejected & right)
    sure = np.where(answers.approved, c, 1 - c)
    order = np.flatnonzero(wrong)[np.argsort(-sure[wrong], kind="stable")]
    hidden = telling_words(study)
    rows = [
        {
            "text": shown(study, int(places[place]), hidden),
            "said": "approve" if answers.approved[place] else "reject",
            "c": float(c[place]),
            "votes": None if study.approving is None else float(study.approving[places[place]]),
        }
        for place in order[:SHOWN]
    ]
    found: dict[str, Any] = {
        "seed": seed,
        "policy": f"ours: {TARGET}, {ALPHA:.0%}, {ENSEMBLE}",
        "items": int(right.size),
        "wrong approvals": int((answers.approved & ~right).sum()),
        "wrong rejections": int((answers.rejected & right).sum()),
        "rows": rows,
        "categories": _by_category(study, places, wrong),
    }
    if study.approving is not None:
        split = ~np.isin(study.approving[places], (0, 1))
        found["annotators disagreed"] = float(split.mean())
        found["annotators disagreed, of the mistakes"] = float(
            split[wrong].mean() if wrong.any() else 0
        )
    return found


def telling_words(study: StudySet) -> frozenset[str]:
    """The words that tell most of the side that is rejected, found in the labels themselves."""
    counts: dict[str, list[int]] = {}
    for text, label in zip(study.texts, study.labels, strict=True) if study.texts else ():
        for word in {found.group(1).casefold() for found in _words(study, plain(text))}:
            counts.setdefault(word, [0, 0])[int(label)] += 1
    rejected = max(1, int((study.labels == 0).sum()))
    approved = max(1, int((study.labels == 1).sum()))
    ratios = {
        word: (against + 1) / rejected / ((good + 1) / approved)
        for word, (against, good) in counts.items()
        if against >= 5
    }
    return frozenset(sorted(ratios, key=lambda word: -ratios[word])[:MOST_TELLING])


def shown(study: StudySet, place: int, hidden: frozenset[str]) -> str:
    """An item, short, with people unnamed and telling words masked after their first letter."""
    if study.records:
        record = study.records[place]
        return ", ".join(f"{name}: {value}" for name, value in list(record.items())[:6])

    text = " ".join(plain(study.texts[place]).split())
    letters = list(text)
    for word in _words(study, text):
        if word.group(1).casefold() in hidden:
            letters[word.start(1) + 1 : word.end(1)] = "·" * (word.end(1) - word.start(1) - 1)
    text = "".join(letters)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _words(study: StudySet, text: str) -> Iterator[re.Match[str]]:
    """The words of a text; in Chinese, which has no spaces, every pair of characters."""
    return re.finditer(r"(?=(\w\w))" if study.language == "Chinese" else r"(\w+)", text)


def _by_category(study: StudySet, places: np.ndarray, wrong: np.ndarray) -> dict[str, list[int]]:
    """Items and mistakes by category."""
    if not len(study.categories):
        return {}
    names = np.array(study.categories)[places]
    return {
        str(name): [int((names == name).sum()), int((wrong & (names == name)).sum())]
        for name in np.unique(names)
    }
