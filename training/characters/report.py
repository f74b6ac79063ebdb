"""What the bundle is worth beside its parts and beside a plain model, on posts none has seen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from service.confidence import metrics
from service.confidence.calibrators import choose
from service.scoring.bundle import load_bundle
from training.characters.bundle import Trained, sigma
from training.characters.corpus import Parts
from training.characters.learning import Floats, Texts, odds
from training.report import MEASURES, measure
from training.serving import raw_scores

HELD_OUT = ("validation", "calibration", "test")
BASELINE = "character 1-4-grams, TF-IDF, logistic regression"

type Opinion = Mapping[str, Floats]
"""Raw P(approving is right) of every text, by part."""


def report(folder: Path, trained: Trained, parts: Parts) -> tuple[dict[str, Any], str]:
    """The bundle's measures for its card, and the report in Markdown, both on the test part."""
    bundle = load_bundle(folder)
    labels = {part: _labels(parts, part) for part in HELD_OUT}
    texts = {part: Texts.of(parts[part], trained.tokenizer) for part in HELD_OUT}
    served = {part: raw_scores(folder, parts[part]) for part in HELD_OUT}
    alone = raw_scores(folder, parts["test"], largest_batch=1)
    read = np.isfinite(served["test"])
    ngrams = {p: sigma(odds(trained.ngram_model, texts[p])) for p in HELD_OUT}
    networks = [{p: sigma(odds(n, texts[p])) for p in HELD_OUT} for n in trained.networks]
    members = [{p: sigma(trained.odds(n, texts[p])) for p in HELD_OUT} for n in trained.networks]
    plain = _plain(parts)

    def row(opinion: Opinion, calibrated_on: str = "calibration") -> dict[str, Any]:
        known = np.isfinite(opinion[calibrated_on])
        calibrator = choose(opinion[calibrated_on][known], labels[calibrated_on][known]).calibrator
        return measure(calibrator.many(opinion["test"][read]), labels["test"][read])

    def mean_row(opinions: Sequence[Opinion]) -> dict[str, Any]:
        rows = [row(opinion) for opinion in opinions]
        return {
            name: [
                round(float(np.mean([one[name][0] for one in rows])), 4),
                min(one[name][0] for one in rows),
                max(one[name][0] for one in rows),
            ]
            for name in MEASURES
        }

    calibrated = measure(bundle.calibrator.many(served["test"][read]), labels["test"][read])
    seeds = f"mean, least and most of {len(trained.networks)} seeds"
    rows = {
        f"**{bundle.name}, calibrated ({bundle.calibrator.kind})**": calibrated,
        f"{bundle.name}, raw": measure(served["test"][read], labels["test"][read]),
        f"{bundle.name}, calibrated on the published dev part": row(served, "validation"),
        f"one member: n-grams and a network ({seeds})": mean_row(members),
        f"a network alone ({seeds})": mean_row(networks),
        "hashed n-grams alone, scaled by log-count ratio": row(ngrams),
        BASELINE: row(plain),
        f"{BASELINE}, raw": measure(plain["test"][read], labels["test"][read]),
    }
    figures: dict[str, Any] = {
        "part": "test",
        "items": len(parts["test"]),
        "refused": int(np.count_nonzero(~read)),
        "batch_drift": float(np.nanmax(np.abs(served["test"] - alone))),
        "measures": calibrated,
        "whole_published_test": {
            name: _whole(opinion, labels)
            for name, opinion in {bundle.name: served, BASELINE: plain}.items()
        },
        "topics": _topics(bundle.calibrator.many(served["test"][read]), parts, read),
    }
    return figures, _page(bundle.card, figures, rows)


def _whole(opinion: Opinion, labels: Mapping[str, Floats]) -> dict[str, float]:
    """Raw figures on the published test part, calibration quarter included: for comparison with
    what others report."""
    raw = np.concatenate([opinion["calibration"], opinion["test"]])
    truth = np.concatenate([labels["calibration"], labels["test"]])
    read = np.isfinite(raw)
    return {
        "accuracy": round(metrics.accuracy(raw[read], truth[read]), 4),
        "auroc": round(metrics.auroc(raw[read], truth[read]), 4),
        "items": int(read.sum()),
    }


def _topics(confidence: Floats, parts: Parts, read: Any) -> dict[str, Any]:
    posts = [post for post, known in zip(parts["test"], read, strict=True) if known]
    topics, truth = np.array([post.category for post in posts]), np.array([p.label for p in posts])
    return {
        str(topic): {
            "items": int((topics == topic).sum()),
            "accuracy": round(
                metrics.accuracy(confidence[topics == topic], truth[topics == topic]), 4
            ),
            "ece": round(metrics.ece(confidence[topics == topic], truth[topics == topic]), 4),
        }
        for topic in sorted(set(topics))
    }


def _plain(parts: Parts) -> Opinion:
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=4.0, max_iter=400)
    known = features.fit_transform([post.text for post in parts["train"]])
    model.fit(known, _labels(parts, "train"))
    return {
        part: model.predict_proba(features.transform([post.text for post in parts[part]]))[:, 1]
        for part in HELD_OUT
    }


def _labels(parts: Parts, part: str) -> Floats:
    return np.array([post.label for post in parts[part]], dtype=np.float64)


def _page(
    card: Mapping[str, Any], figures: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]
) -> str:
    data = card["data"]
    whole = figures["whole_published_test"]
    lines = [
        f"# {card['name']}: {card['task']}",
        "",
        f"Data: {data['name']} ({data['licence']}); "
        + ", ".join(f"{part} {items}" for part, items in data["split"]["items"].items())
        + f" posts: {data['split']['by']}. Made by `{card['command']}`.",
        "",
        f"Measured on the **test** part ({figures['items']} posts, "
        f"{data['split']['approvable']['test']} approvable), which neither training nor "
        "calibration nor any choice has seen. In brackets: 95 % bootstrap intervals, or what is "
        "said.",
        "",
        "| | " + " | ".join(MEASURES) + " |",
        "|---" * (len(MEASURES) + 1) + "|",
        *(
            f"| {what} | " + " | ".join(_cell(found[name]) for name in MEASURES) + " |"
            for what, found in rows.items()
        ),
        "",
        "- ECE: P(approving is right) in 15 bins of equal mass. Resampling inflates it, so its "
        "interval may lie above the value.",
        "- Accuracy at r % review: 1 - P(decided automatically and wrong), reviewers taken to be "
        "right, which flatters.",
        "- On the whole published test part, uncalibrated, as others report it: "
        + "; ".join(
            f"{name} accuracy {of['accuracy']:.4f}, AUROC {of['auroc']:.4f} ({of['items']} posts)"
            for name, of in whole.items()
        )
        + ".",
        "- By topic: "
        + "; ".join(
            f"{topic} accuracy {of['accuracy']:.4f}, ECE {of['ece']:.4f} ({of['items']} posts)"
            for topic, of in figures["topics"].items()
        )
        + ".",
        f"- Refused, for a script that the model cannot read: {figures['refused']} posts; they go "
        "to people and are not in the table.",
        f"- The largest difference of a text's score alone and in a batch of up to 32: "
        f"{figures['batch_drift']:.1e}.",
        f"- {data['caveat']}",
        "",
    ]
    return "\n".join(lines)


def _cell(figure: Any) -> str:
    value, low, high = figure
    return f"{value:.4f} ({low:.4f}-{high:.4f})"
