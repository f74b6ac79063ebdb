"""The bundle of loan applications: model, columns, calibrator, card and report."""

import asyncio
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import corpora
from corpora import Application
from corpora.german_credit import WRONG_APPROVAL_COST, WRONG_REJECTION_COST
from corpora.sources import fingerprint
from corpora.splits import place_of
from service.confidence.calibrators import choose
from service.confidence.estimators import from_probabilities
from service.domain.decision import Item
from service.scoring.bundle import CALIBRATOR, CARD, MODEL, load_bundle, sha256
from service.scoring.fields import FieldsReader
from service.scoring.onnx_scorer import OnnxScorer
from training.records import learning
from training.records.learning import Fit, Floats
from training.records.report import page, rows_of

FIELDS = "fields.json"
SENSITIVE = ("age", "personal_status_and_sex", "foreign_worker")
"""Fields that the model must not rest on: sex and marital status, origin, and age."""

LABELS = ("good", "bad")
TEST_SHARE = 0.3
SEEDS = (1, 2, 3)
VERSIONED = ("scikit-learn", "onnx", "onnxruntime", "numpy")


def build(folder: Path) -> Mapping[str, Any]:
    """Write the bundle into `folder`, with its report, and give back its card.

    Model and calibrator rest on the training part; the calibrator on scores by models that have
    not seen what they score.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = corpora.german_credit()
    train, test = _split(records)
    columns = learning.columns_of(train, SENSITIVE)
    weights, bias = learning.fit_logistic(columns, train)
    (folder / MODEL).write_bytes(
        learning.to_onnx(weights, bias).SerializeToString(deterministic=True)
    )
    _write(folder / FIELDS, learning.document_of(columns))
    fit = learning.logistic(SENSITIVE)
    choice = choose(learning.out_of_fold(fit, train, SEEDS[0]), learning.labels(train))
    _write(folder / CALIBRATOR, choice.calibrator.to_json())
    card: dict[str, Any] = {
        "name": folder.name,
        "reader": "fields",
        "labels": list(LABELS),
        "approve_labels": [LABELS[0]],
        "languages": [],
        "precision": "fp32",
        "task": "P(a loan is paid back), of applications that were granted",
        "licence": corpora.GERMAN_CREDIT.licence,
        "data": {
            "name": corpora.GERMAN_CREDIT.name,
            "source": corpora.GERMAN_CREDIT.origin,
            "licence": corpora.GERMAN_CREDIT.licence,
            "sha256": fingerprint(corpora.GERMAN_CREDIT),
            "split": {
                "by": "hash of the fields",
                "items": {"train": len(train), "test": len(test)},
                "approvable": {
                    "train": int(learning.labels(train).sum()),
                    "test": int(learning.labels(test).sum()),
                },
            },
            "caveat": "Loans of one German bank in the 1970s, bad ones drawn more often than they "
            "occur, and only such as were granted. The model shows how records are judged; it must "
            "not decide on anybody's loan.",
        },
        "left_out": {
            "fields": list(SENSITIVE),
            "why": "A loan must not depend on sex, marital status, origin or age. Other fields may "
            "still tell of them; the report says how the answers differ between groups.",
        },
        "costs": {
            "wrong_approval": WRONG_APPROVAL_COST,
            "wrong_rejection": WRONG_REJECTION_COST,
            "source": "the cost matrix in the data's own description",
        },
        "command": "python -m training.records",
        "training": {"model": "logistic regression", "C": learning.PENALTY},
        "calibration": {
            "chosen": str(choice.calibrator.kind),
            "items": choice.items,
            "by": f"{learning.FOLDS} folds of the training part, each by a model without it",
        },
        "versions": {"python": platform.python_version(), **{p: version(p) for p in VERSIONED}},
    }
    _write_card(folder, card)
    served = _served(folder, test)
    card["metrics"] = rows_of({"test": (served, _labels(test))})["test"]
    _write_card(folder, card)
    rows = rows_of(
        {f"**{folder.name}**, as served, on the test part": (served, _labels(test))}
        | {name: _everywhere(fit, records) for name, fit in _rivals().items()}
    )
    reader = FieldsReader(columns)
    heaviest = sorted(zip(_names(columns), weights, strict=True), key=lambda one: -abs(one[1]))
    report = page(card, rows, served, test, heaviest[:8], features=reader.width)
    (folder / "REPORT.md").write_text(report, encoding="utf-8")
    return card


def _split(records: Sequence[Application]) -> tuple[list[Application], list[Application]]:
    """Training and test part; a record's part depends on its fields alone."""
    place = {id(record): place_of(json.dumps(dict(record.fields))) for record in records}
    test = [record for record in records if place[id(record)] < TEST_SHARE]
    return [record for record in records if place[id(record)] >= TEST_SHARE], test


def _rivals() -> Mapping[str, Fit]:
    return {
        "logistic regression": learning.logistic(SENSITIVE),
        "logistic regression, all fields": learning.logistic(()),
        "gradient boosting": learning.boosted(SENSITIVE),
        "gradient boosting, all fields": learning.boosted(()),
    }


def _everywhere(fit: Fit, records: Sequence[Application]) -> tuple[Floats, Floats]:
    """c of every record from every seed's folds, and the labels that often."""
    confidence = [learning.calibrated_out_of_fold(fit, records, seed) for seed in SEEDS]
    return np.stack(confidence), np.tile(_labels(records), (len(SEEDS), 1))


def _served(folder: Path, records: Sequence[Application]) -> Floats:
    """c of every record, as the service gives it."""
    bundle = load_bundle(folder)
    scorer = OnnxScorer(bundle)

    async def all_scores() -> list[Any]:
        items = [Item(fields=dict(record.fields)) for record in records]
        return await asyncio.gather(*map(scorer.score, items))

    try:
        scores = asyncio.run(all_scores())
    finally:
        scorer.close()
    raw = [
        from_probabilities(
            score.probabilities, labels=bundle.labels, approve_labels=bundle.approve_labels
        )
        for score in scores
    ]
    return bundle.calibrator.many(raw)


def _labels(records: Sequence[Application]) -> Floats:
    return learning.labels(records).astype(np.float64)


def _names(columns: Sequence[Any]) -> list[str]:
    """What every feature stands for."""
    return [
        name
        for column in columns
        for name in (
            [f"{column.name}: {value}" for value in column.values]
            if hasattr(column, "values")
            else [f"{column.name}, one standard deviation more"]
        )
    ]


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    files = (MODEL, FIELDS, CALIBRATOR)
    card["files"] = {name: sha256((folder / name).read_bytes()) for name in files}
    _write(folder / CARD, card)


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
