"""From labelled records to a logistic regression over columns that the service reads."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from corpora import Application
from service.confidence.calibrators import AnyCalibrator, choose
from service.domain.decision import Item
from service.scoring.fields import CategoricalColumn, FieldsReader, NumericColumn

OPSET = 18
PENALTY = 0.1  # the logistic regression's C: by cross-validated log-loss among .01, .03, .1, .3, 1
FOLDS = 5

type Floats = NDArray[np.float64]
type Fitted = Callable[[Sequence[Application]], Floats]


class Fit(Protocol):
    """Learns from records; gives what tells the raw P(approving is right) of others."""

    def __call__(self, records: Sequence[Application]) -> Fitted: ...


def columns_of(
    records: Sequence[Application], leave_out: Collection[str]
) -> list[NumericColumn | CategoricalColumn]:
    """A column for every field but those left out: numbers by mean and scale, words by value."""
    columns: list[NumericColumn | CategoricalColumn] = []
    for name in records[0].fields:
        values = [record.fields[name] for record in records]
        if name in leave_out:
            continue
        if isinstance(values[0], str):
            known = tuple(sorted({str(value) for value in values}))
            columns.append(CategoricalColumn(name=name, values=known))
        else:
            numbers = np.array(values, dtype=np.float64)
            mean, scale = float(numbers.mean()), float(numbers.std())
            columns.append(NumericColumn(name=name, mean=mean, scale=scale))
    return columns


def document_of(columns: Sequence[NumericColumn | CategoricalColumn]) -> dict[str, Any]:
    """The bundle's fields.json."""
    kinds = {NumericColumn: "numeric", CategoricalColumn: "categorical"}
    return {"columns": [{"kind": kinds[type(column)], **asdict(column)} for column in columns]}


def features(reader: FieldsReader, records: Sequence[Application]) -> Floats:
    """What the service would give the model to read, shape (records, features)."""
    rows = [reader.read(Item(fields=dict(record.fields))).rows["features"] for record in records]
    return np.array(rows, dtype=np.float64)


def labels(records: Sequence[Application]) -> NDArray[np.int64]:
    """1 where approving is right."""
    return np.array([record.label for record in records])


def fit_logistic(
    columns: Sequence[NumericColumn | CategoricalColumn], records: Sequence[Application]
) -> tuple[Floats, float]:
    """The weights (features,) and the bias of the log-odds of approving."""
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit(features(FieldsReader(columns), records), labels(records))
    return model.coef_[0], float(model.intercept_[0])


def to_onnx(weights: Floats, bias: float) -> onnx.ModelProto:
    """`features` (items, features) to `logits` (items, 2), approving first: one Gemm."""
    matrix = np.stack([weights / 2, -weights / 2], axis=1).astype(np.float32)
    offset = np.array([bias / 2, -bias / 2], dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"])],
        "logistic regression",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["items", len(weights)])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["items", 2])],
        [numpy_helper.from_array(matrix, "weights"), numpy_helper.from_array(offset, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def logistic(leave_out: Collection[str]) -> Fit:
    """The bundle's kind of model, on all fields but some."""

    def fit(records: Sequence[Application]) -> Fitted:
        columns = columns_of(records, leave_out)
        weights, bias = fit_logistic(columns, records)
        reader = FieldsReader([_lenient(column) for column in columns])

        def predict(others: Sequence[Application]) -> Floats:
            known = features(reader, others)[:, _places(columns)]
            result: Floats = 1 / (1 + np.exp(-(known @ weights + bias)))
            return result

        return predict

    return fit


def boosted(leave_out: Collection[str]) -> Fit:
    """Gradient-boosted trees on the same fields, for comparison."""

    def fit(records: Sequence[Application]) -> Fitted:
        columns = columns_of(records, leave_out)
        reader = FieldsReader([_lenient(column) for column in columns])
        model = HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=120,
            max_leaf_nodes=8,
            l2_regularization=1.0,
            random_state=7,
        )
        model.fit(features(reader, records), labels(records))

        def predict(others: Sequence[Application]) -> Floats:
            result: Floats = model.predict_proba(features(reader, others))[:, 1]
            return result

        return predict

    return fit


def out_of_fold(fit: Fit, records: Sequence[Application], seed: int) -> Floats:
    """The raw P of every record by a model that has not seen it, shape (records,)."""
    found = np.empty(len(records))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for known, unknown in folds.split(found, labels(records)):
        predict = fit([records[place] for place in known])
        found[unknown] = predict([records[place] for place in unknown])
    return found


def calibrated_out_of_fold(fit: Fit, records: Sequence[Application], seed: int) -> Floats:
    """c of every record by a model and a calibrator that have not seen it."""
    found = np.empty(len(records))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for known, unknown in folds.split(found, labels(records)):
        seen = [records[place] for place in known]
        calibrator = calibrate(fit, seen, seed)
        found[unknown] = calibrator.many(fit(seen)([records[place] for place in unknown]))
    return found


def calibrate(fit: Fit, records: Sequence[Application], seed: int) -> AnyCalibrator:
    """The calibrator that out-of-fold scores choose."""
    return choose(out_of_fold(fit, records, seed), labels(records)).calibrator


def _lenient(column: NumericColumn | CategoricalColumn) -> NumericColumn | CategoricalColumn:
    """The column with a place for values that a fold of the records lacks."""
    if isinstance(column, NumericColumn):
        return column
    return CategoricalColumn(name=column.name, values=column.values, unknown=True)


def _places(columns: Sequence[NumericColumn | CategoricalColumn]) -> list[int]:
    """Where, among lenient columns' features, those of the columns themselves stand."""
    places: list[int] = []
    at = 0
    for column in columns:
        places += range(at, at + column.width)
        at += _lenient(column).width
    return places
