"""What the agreement of several members adds to their mean, and what it is worth alone.

On the made-up gate of `synthetic` (five noisy members) and on English comments (four linear models
of different features). Calibrators are fitted on one part and measured on another. Run: python -m
experiments.members
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from corpora import DataMissing, davidson, split
from experiments.synthetic import draw_members
from service.confidence import metrics
from service.confidence.calibrators import choose
from service.confidence.member_calibrator import fit_members
from service.confidence.members import agreement, rows_of, spreads

REVIEW = (0.05, 0.10, 0.15)
RUNS = 10

type Floats = NDArray[np.float64]


def confidences(p_fit: Floats, y_fit: Floats, p: Floats) -> dict[str, Floats]:
    """c of the items of `p` (members, items, P(not), P(right)) by each method."""
    mean_fit, mean = p_fit.mean(axis=0)[:, 1], p.mean(axis=0)[:, 1]
    agreed = agreement(p)
    model = fit_members(mean_fit, y_fit, rows_of(spreads(p_fit)))
    return {
        "agreement alone, c = 1 - dissent": np.where(mean > 0.5, agreed, 1 - agreed),
        "mean p": mean,
        "mean p, calibrated": choose(mean_fit, y_fit).calibrator.many(mean),
        "mean p and spread, logistic": model.many(mean, rows_of(spreads(p))),
    }


def measured(found: Mapping[str, Floats], y: Floats) -> Floats:
    """Log-loss, AUROC, ECE, accuracy, accuracy at each share of review: (methods, measures)."""
    return np.array(
        [
            [
                metrics.log_loss(c, y),
                metrics.auroc(c, y),
                metrics.ece(c, y),
                metrics.accuracy(c, y),
                *(metrics.accuracy_at_review(c, y, share) for share in REVIEW),
            ]
            for c in found.values()
        ]
    )


def synthetic(labels: int, chance: np.random.Generator) -> tuple[list[str], Floats]:
    """The mean of RUNS runs with so many labels to fit on."""
    tables = []
    for _ in range(RUNS):
        p_fit, y_fit = draw_members(labels, chance)
        p, y = draw_members(20_000, chance)
        found = confidences(p_fit, y_fit, p)
        tables.append(measured(found, y))
    return list(found), np.mean(tables, axis=0)


def comments() -> tuple[list[str], Floats]:
    """Members that differ in what they read, on the set's own parts. Raises DataMissing."""
    parts = split(davidson())
    texts = {name: [item.text for item in part] for name, part in parts.items()}
    labels = {name: np.array([float(item.label) for item in part]) for name, part in parts.items()}
    members = [
        make_pipeline(features, head).fit(texts["train"], labels["train"])
        for features, head in (
            (TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3), _logistic()),
            (TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=3), _logistic()),
            (TfidfVectorizer(ngram_range=(1, 2), min_df=2), _logistic()),
            (CountVectorizer(min_df=2), ComplementNB()),
        )
    ]
    p = {
        name: np.array([member.predict_proba(texts[name]) for member in members])
        for name in ("calibration", "test")
    }
    found = confidences(p["calibration"], labels["calibration"], p["test"])
    return list(found), measured(found, labels["test"])


def _logistic() -> LogisticRegression:
    return LogisticRegression(C=4.0, max_iter=1000)


def main() -> None:
    """Measure and print."""
    chance = np.random.default_rng(20)
    sets = {f"synthetic, {labels} labels": synthetic(labels, chance) for labels in (200, 2000)}
    try:
        sets["davidson, test part"] = comments()
    except DataMissing as missing:
        Console().print(str(missing))
    table = Table(title="Several members")
    at_review = (f"at {share:.0%} review" for share in REVIEW)
    for heading in ("", "log-loss", "AUROC", "ECE", "accuracy", *at_review):
        table.add_column(heading)
    for name, (methods, rows) in sets.items():
        table.add_section()
        table.add_row(f"[b]{name}[/b]")
        for method, row in zip(methods, rows, strict=True):
            table.add_row(method, *(f"{value:.4f}" for value in row))
    Console().print(table)


if __name__ == "__main__":
    main()
