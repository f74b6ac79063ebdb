"""What a bundle is worth on the test part, which neither training nor calibration has seen."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from service.confidence import metrics
from service.confidence.calibrators import choose
from service.domain.values import Json
from service.scoring.bundle import load_bundle
from training.corpus import Corpus
from training.serving import raw_scores, served

RESAMPLES = 1000
RESAMPLE_SEED = 11
REVIEW_SHARES = (0.05, 0.10, 0.15, 0.20)

type Floats = NDArray[np.float64]
type Metric = Callable[[Floats, Floats], float]

MEASURES: Mapping[str, Metric] = {
    "accuracy": metrics.accuracy,
    "auroc": metrics.auroc,
    "ece": metrics.ece,
    "brier": metrics.brier,
    "log-loss": metrics.log_loss,
    **{
        f"accuracy at {share:.0%} review": partial(metrics.accuracy_at_review, share=share)
        for share in REVIEW_SHARES
    },
}


def report(folder: Path, corpus: Corpus) -> tuple[dict[str, Json], str]:
    """The bundle's measures for its card, and the report in Markdown, both on the test part."""
    bundle, test = load_bundle(folder), corpus.parts["test"]
    found = served(folder, test)
    raw, read, known = found.raw, found.read, found.of(found.read)
    alone = raw_scores(folder, test, largest_batch=1)
    labels = np.array([item.label for item in test], dtype=np.float64)
    calibrated = measure(bundle.calibrator.many(known.raw, known.spreads), labels[read])
    rows = {
        f"**{bundle.name}, calibrated ({bundle.calibrator.kind})**": calibrated,
        f"{bundle.name}, raw": measure(raw[read], labels[read]),
        "character 2-5-grams, TF-IDF, logistic regression": measure(
            character_baseline(corpus)[read], labels[read]
        ),
    }
    figures: dict[str, Json] = {
        "part": "test",
        "items": len(test),
        "refused": int(np.count_nonzero(~read)),
        "batch_drift": float(np.nanmax(np.abs(raw - alone))),
        "measures": calibrated,
    }
    return figures, _page(bundle.card, figures, rows)


def character_baseline(corpus: Corpus) -> Floats:
    """c of the test part by a linear model of character n-grams, calibrated like the bundle."""
    features = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    model = LogisticRegression(C=4.0, max_iter=1000)
    model.fit(features.fit_transform(_texts(corpus, "train")), _labels(corpus, "train"))

    def raw(part: str) -> Floats:
        scores: Floats = model.predict_proba(features.transform(_texts(corpus, part)))[:, 1]
        return scores

    calibrator = choose(raw("calibration"), _labels(corpus, "calibration")).calibrator
    return calibrator.many(raw("test"))


def measure(confidence: Floats, labels: Floats) -> dict[str, Json]:
    """Every measure with its 95 % bootstrap interval: {name: [value, low, high]}.

    Items are drawn within their label, so that a draw never lacks one.
    """
    chance = np.random.default_rng(RESAMPLE_SEED)
    places = [np.flatnonzero(labels == label) for label in (0, 1)]
    draws = [
        np.concatenate([chance.choice(place, place.size) for place in places])
        for _ in range(RESAMPLES)
    ]
    found: dict[str, Json] = {}
    for name, metric in MEASURES.items():
        low, high = np.quantile(
            [metric(confidence[draw], labels[draw]) for draw in draws], [0.025, 0.975]
        )
        found[name] = [round(value, 4) for value in (metric(confidence, labels), low, high)]
    return found


def _page(
    card: Mapping[str, Any], figures: Mapping[str, Json], rows: Mapping[str, Mapping[str, Any]]
) -> str:
    data, counts, drift = card["data"], card["data"]["split"]["items"], card["int8_drift"]
    names = list(MEASURES)
    lines = [
        f"# {card['name']}: {card['task']}",
        "",
        f"Data: {data['name']} ({data['licence']}); "
        + ", ".join(f"{part} {items}" for part, items in counts.items())
        + f" texts, split by {data['split']['by']} (seed {data['split']['seed']}).",
        f"Made by `{card['command']}`.",
        "",
        f"Measured on the **{figures['part']}** part ({figures['items']} texts, "
        f"{data['split']['approvable']['test']} approvable), which neither training nor "
        "calibration nor any choice has seen. In brackets: 95 % bootstrap intervals.",
        "",
        "| | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
        *(
            f"| {what} | " + " | ".join(_cell(found[name]) for name in names) + " |"
            for what, found in rows.items()
        ),
        "",
        "- ECE: P(approving is right) in 15 bins of equal mass. Resampling inflates it, so its "
        "interval may lie above the value.",
        "- Accuracy at r % review: 1 - P(decided automatically and wrong), reviewers taken to be "
        "right, which flatters.",
        f"- Refused, for a script that the model cannot read: {figures['refused']} texts; they go "
        "to people and are not in the table.",
        f"- The largest difference of a text's score alone and in a batch of up to 32: "
        f"{figures['batch_drift']:.1e}.",
        f"- int8 weights against torch in fp32, {drift['items']} texts of the validation part: "
        f"scores differ by {drift['mean']:.4f} on average and {drift['most']:.3f} at most, "
        f"{drift['verdicts_flipped']} verdicts flip.",
        f"- {data['caveat']}",
        "",
    ]
    return "\n".join(lines)


def _cell(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.4f} ({low:.4f}-{high:.4f})"


def _texts(corpus: Corpus, part: str) -> list[str]:
    return [item.text for item in corpus.parts[part]]


def _labels(corpus: Corpus, part: str) -> list[int]:
    return [item.label for item in corpus.parts[part]]
