"""Calibration: fits what was true, never turns an order round, never gives what is no number."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.confidence.calibrators import Calibrator, Kind, choose, fit
from service.confidence.metrics import ece, log_loss
from service.domain.errors import InvalidInput
from service.domain.values import Json

unit = st.floats(0, 1)
weights = st.floats(0, 50)
calibrators = st.builds(
    Calibrator, kind=st.sampled_from(Kind), a=weights, b=weights, shift=st.floats(-50, 50)
)
labelled = st.lists(st.tuples(unit, st.integers(0, 1)), min_size=2, max_size=60).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


def drawn(items: int, *, a: float, b: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Raw scores whose truth is drawn from a known calibrator."""
    chance = np.random.default_rng(3)
    raw = chance.beta(0.6, 0.6, items)
    truth = Calibrator(kind=Kind.BETA, a=a, b=b, shift=shift).many(raw)
    return raw, (chance.random(items) < truth).astype(int)


@given(calibrators, st.lists(unit, min_size=1, max_size=20))
def test_every_confidence_is_in_the_unit_interval(calibrator: Calibrator, raw: list[float]) -> None:
    confidence = calibrator.many(raw)
    assert np.isfinite(confidence).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()


@given(calibrators, st.lists(unit, min_size=1, max_size=20))
def test_a_score_has_the_same_confidence_alone_and_in_company(
    calibrator: Calibrator, raw: list[float]
) -> None:
    assert calibrator.many(raw).tolist() == [calibrator(one) for one in raw]


@given(calibrators, unit, unit)
def test_a_higher_score_never_means_a_lower_confidence(
    calibrator: Calibrator, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert calibrator(low) <= calibrator(high) + 1e-12


@given(labelled, st.sampled_from(Kind))
def test_whatever_the_labels_a_fit_is_finite_and_monotone(
    pairs: list[tuple[float, int]], kind: Kind
) -> None:
    raw, labels = zip(*pairs, strict=True)
    calibrator = fit(kind, raw, labels)
    assert min(calibrator.a, calibrator.b) >= 0
    steps = np.diff(calibrator.many(np.linspace(0, 1, 101)))
    assert (steps >= -1e-12).all()


@given(unit)
def test_the_identity_changes_nothing(raw: float) -> None:
    assert Calibrator()(raw) == raw


@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf, -0.01, 1.01])
@pytest.mark.parametrize("kind", Kind)
def test_what_is_no_score_is_an_error_and_never_a_confidence(kind: Kind, raw: float) -> None:
    with pytest.raises(InvalidInput):
        Calibrator(kind=kind)(raw)


@pytest.mark.parametrize(
    ("kind", "a", "b", "shift"),
    [(Kind.TEMPERATURE, 0.4, 0.4, 0.0), (Kind.PLATT, 0.5, 0.5, 1.0), (Kind.BETA, 0.3, 1.5, -0.7)],
)
def test_a_fit_finds_the_truth_that_the_labels_were_drawn_from(
    kind: Kind, a: float, b: float, shift: float
) -> None:
    raw, labels = drawn(60_000, a=a, b=b, shift=shift)
    found = fit(kind, raw, labels)
    assert (found.a, found.b, found.shift) == pytest.approx((a, b, shift), abs=0.06)


def test_the_choice_beats_the_raw_scores_on_unseen_items() -> None:
    raw, labels = drawn(20_000, a=0.3, b=1.5, shift=-0.7)
    choice = choose(raw[:2000], labels[:2000])
    confidence = choice.calibrator.many(raw[2000:])
    assert choice.calibrator.kind is Kind.BETA
    assert ece(confidence, labels[2000:]) < 0.03 < ece(raw[2000:], labels[2000:])
    assert log_loss(confidence, labels[2000:]) < log_loss(raw[2000:], labels[2000:])


def test_scores_that_are_calibrated_already_need_no_more_than_a_touch() -> None:
    raw, labels = drawn(4000, a=1, b=1, shift=0)
    choice = choose(raw, labels)
    assert np.abs(choice.calibrator.many(raw) - raw).max() < 0.05


def test_scores_that_order_wrongly_end_up_saying_nothing() -> None:
    raw, labels = drawn(2000, a=1, b=1, shift=0)
    found = fit(Kind.PLATT, 1 - raw, labels)
    assert found.a == found.b == 0
    assert found(0.01) == found(0.99) == pytest.approx(labels.mean(), abs=0.01)


@pytest.mark.parametrize("labels", [[1] * 10, [0] * 10, [1] * 9 + [0]])
def test_too_few_of_a_label_cannot_calibrate(labels: list[int]) -> None:
    with pytest.raises(InvalidInput):
        choose(np.linspace(0.1, 0.9, 10), labels)


@given(calibrators)
def test_a_calibrator_survives_being_written_down(calibrator: Calibrator) -> None:
    assert Calibrator.from_json(json.loads(json.dumps(calibrator.to_json()))) == calibrator


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "isotonic", "a": 1, "b": 1, "shift": 0},
        {"kind": "platt", "a": 1, "b": 1},
        {"kind": "platt", "a": "1", "b": 1, "shift": 0},
        {"kind": "platt", "a": math.nan, "b": 1, "shift": 0},
        {"kind": "platt", "a": -1, "b": 1, "shift": 0},
    ],
)
def test_a_document_that_describes_none_is_refused(document: dict[str, Json]) -> None:
    with pytest.raises(InvalidInput):
        Calibrator.from_json(document)
