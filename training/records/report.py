"""What the bundle of loan applications is worth, and how it differs between groups of people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corpora import Application
from corpora.german_credit import WRONG_APPROVAL_COST, WRONG_REJECTION_COST
from service.confidence import metrics
from training.records.learning import Floats, labels

DRAWS = 1000
SEED = 11
BEST_BORDER = WRONG_APPROVAL_COST / (WRONG_APPROVAL_COST + WRONG_REJECTION_COST)
"""Approving costs less than rejecting where c is above this: 5/6."""


def cost(confidence: Floats, truth: Floats) -> float:
    """The mean cost of an application when approved just above BEST_BORDER."""
    approved = confidence > BEST_BORDER
    wrong = approved * (1 - truth) * WRONG_APPROVAL_COST
    missed = (1 - approved) * truth * WRONG_REJECTION_COST
    return float((wrong + missed).mean())


MEASURES = {
    "accuracy": metrics.accuracy,
    "AUROC": metrics.auroc,
    "log-loss": metrics.log_loss,
    "ECE": metrics.ece,
    "cost": cost,
}

type Row = Mapping[str, list[float]]


def rows_of(found: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Row]:
    """{name: {measure: [value, low, high]}} with 95 % bootstrap intervals over records; c and
    labels are of shape (records,), or (repetitions, records), which are averaged."""
    chance = np.random.default_rng(SEED)
    rows: dict[str, Row] = {}
    for name, (confidence, truth) in found.items():
        c, y = np.atleast_2d(confidence), np.atleast_2d(truth)
        draws = [chance.integers(c.shape[1], size=c.shape[1]) for _ in range(DRAWS // len(c))]
        row: dict[str, list[float]] = {}
        for measure, metric in MEASURES.items():
            value = np.mean([metric(p, t) for p, t in zip(c, y, strict=True)])
            drawn = [
                np.mean([metric(p[draw], t[draw]) for p, t in zip(c, y, strict=True)])
                for draw in draws
            ]
            low, high = np.quantile(drawn, [0.025, 0.975])
            row[measure] = [round(float(number), 4) for number in (value, low, high)]
        rows[name] = row
    return rows


def noise(confidence: Floats) -> tuple[float, float]:
    """The ECE that a perfectly calibrated c of this many records shows: mean, and its 95 % mark."""
    chance = np.random.default_rng(SEED)
    drawn = [
        metrics.ece(confidence, (chance.random(confidence.size) < confidence).astype(np.float64))
        for _ in range(DRAWS)
    ]
    return float(np.mean(drawn)), float(np.quantile(drawn, 0.95))


def page(
    card: Mapping[str, Any],
    rows: Mapping[str, Row],
    served: Floats,
    test: Sequence[Application],
    heaviest: Sequence[tuple[str, float]],
    *,
    features: int,
) -> str:
    """The report in Markdown."""
    split, truth = card["data"]["split"], labels(test)
    mean_noise, most_noise = noise(served)
    approve_all = WRONG_APPROVAL_COST * float(np.mean(truth == 0))
    reject_all = WRONG_REJECTION_COST * float(np.mean(truth == 1))
    lines = [
        f"# {card['name']}: {card['task']}",
        "",
        f"Data: {card['data']['name']} ({card['data']['licence']}); "
        f"train {split['items']['train']}, test {split['items']['test']} applications, "
        f"{split['approvable']['test']} of the latter good, split by "
        f"{split['by']}. Made by `{card['command']}`.",
        "",
        f"A logistic regression on {features} features, without "
        f"{', '.join(card['left_out']['fields'])}. {card['left_out']['why']}",
        "",
        "The first row is the bundle as the service runs it, on records that neither model nor "
        "calibrator has seen. The others are of all 1,000 records, each judged by model and "
        "calibrator that have not seen it (5 folds, mean of 3 seeds): with so few records they say "
        "more. In brackets: 95 % bootstrap intervals.",
        "",
        "| | " + " | ".join(MEASURES) + " |",
        "|---" * (len(MEASURES) + 1) + "|",
        *(
            f"| {name} | " + " | ".join(_cell(row[measure]) for measure in MEASURES) + " |"
            for name, row in rows.items()
        ),
        "",
        f"- ECE: 15 bins of equal mass. A perfectly calibrated model shows {mean_noise:.3f} on so "
        f"few test records, and more than {most_noise:.3f} one time in twenty: below that, ECE "
        "tells nothing here.",
        f"- Cost: of an application, where a wrong approval costs {WRONG_APPROVAL_COST:.0f} and a "
        f"wrong rejection {WRONG_REJECTION_COST:.0f}, approving above c = 5/6, which costs least "
        f"when c is right. Approving all test records would cost {approve_all:.2f}, rejecting all "
        f"{reject_all:.2f}.",
        f"- {card['data']['caveat']}",
        "",
        "## At a gate",
        "",
        "The test part with `thresholds: {low: L, high: H}`, people taken to be right:",
        "",
        "| low | high | approved, wrongly | rejected, wrongly | to people | cost |",
        "|---|---|---|---|---|---|",
        *(_gate(served, truth, low, high) for low, high in ((0.2, 0.95), (0.3, 0.9), (0.5, 0.83))),
        "",
        "## Between groups",
        "",
        "By the fields left out, in the test part. What differs is what others tell of them.",
        "",
        "| group | applications | good | mean c | c above 5/6 | of the good |",
        "|---|---|---|---|---|---|",
        *_groups(served, test),
        "",
        "## What weighs most",
        "",
        "| feature | log-odds |",
        "|---|---|",
        *(f"| {name} | {weight:+.2f} |" for name, weight in heaviest),
        "",
    ]
    return "\n".join(lines)


def _gate(c: Floats, truth: Any, low: float, high: float) -> str:
    approved, rejected = c > high, c <= low
    wrong, missed = int((truth[approved] == 0).sum()), int((truth[rejected] == 1).sum())
    mean = (wrong * WRONG_APPROVAL_COST + missed * WRONG_REJECTION_COST) / len(c)
    people = np.mean(~(approved | rejected))
    return (
        f"| {low} | {high} | {approved.sum()}, {wrong} | {rejected.sum()}, {missed} "
        f"| {people:.0%} | {mean:.2f} |"
    )


def _groups(c: Floats, test: Sequence[Application]) -> list[str]:
    truth = labels(test)
    sex = np.array([str(one.fields["personal_status_and_sex"]).split(",")[0] for one in test])
    young = np.array([int(one.fields["age"]) < 25 for one in test])
    foreign = np.array([one.fields["foreign_worker"] == "yes" for one in test])
    groups = {
        "female": sex == "female",
        "male": sex == "male",
        "younger than 25": young,
        "25 or older": ~young,
        "foreign worker": foreign,
        "other": ~foreign,
    }
    lines = []
    for name, group in groups.items():
        good = group & (truth == 1)
        above = c > BEST_BORDER
        lines.append(
            f"| {name} | {group.sum()} | {truth[group].mean():.0%} | {c[group].mean():.2f} "
            f"| {above[group].mean():.0%} | {above[good].mean():.0%} |"
        )
    return lines


def _cell(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.3f} ({low:.3f}-{high:.3f})"
