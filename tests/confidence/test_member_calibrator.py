"""The logistic model of what members say: fits what was true, and is chosen only where it helps."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from service.confidence.calibrators import Calibrator, Kind
from service.confidence.member_calibrator import (
    MEMBERS,
    MemberCalibrator,
    choose,
    fit_members,
    read_calibrator,
)
from service.confidence.members import rows_of
from service.confidence.metrics import log_loss
from service.domain.decision import Spread
from service.domain.errors import InvalidInput
from service.domain.values import Json

WEIGHTS = {
    "log_odds": 0.8,
    "agreement": 1.5,
    "mutual_information": -2.0,
    "mean_log_probability": 0.5,
    "shift": -1.0,
}
TRUE = MemberCalibrator(**WEIGHTS)
unit = st.floats(0, 1)
spread_values = st.builds(
    Spread,
    agreement=st.floats(0.01, 1),
    mutual_information=st.floats(0, 2),
    mean_log_probability=st.floats(-20, 0),
)


def drawn(items: int, truth: MemberCalibrator, seed: int = 4) -> tuple[np.ndarray, ...]:
    """Means, spreads, and labels drawn from the truth's confidence in them."""
    chance = np.random.default_rng(seed)
    raw = chance.beta(0.7, 0.7, items)
    spreads = np.column_stack(
        [
            chance.uniform(0.5, 1, items),
            chance.uniform(0, 0.6, items),
            -chance.exponential(1, items),
        ]
    )
    labels = (chance.random(items) < truth.many(raw, spreads)).astype(int)
    return raw, spreads, labels


def test_c_is_the_logistic_function_of_the_weighed_features() -> None:
    spread = Spread(agreement=0.8, mutual_information=0.3, mean_log_probability=-0.4)
    z = -1 + 0.8 * math.log(0.7 / 0.3) + 1.5 * 0.8 - 2 * 0.3 + 0.5 * -0.4
    assert TRUE(0.7, spread) == pytest.approx(1 / (1 + math.exp(-z)))


@given(unit, unit, spread_values)
def test_with_one_spread_a_higher_mean_never_means_a_lower_confidence(
    one: float, other: float, spread: Spread
) -> None:
    low, high = sorted((one, other))
    assert 0 <= TRUE(low, spread) <= TRUE(high, spread) + 1e-12 <= 1 + 1e-12


def test_a_fit_finds_the_truth_that_the_labels_were_drawn_from() -> None:
    raw, spreads, labels = drawn(40_000, TRUE)
    found = fit_members(raw, labels, spreads)
    fresh_raw, fresh_spreads, _ = drawn(2_000, TRUE, seed=5)
    apart = found.many(fresh_raw, fresh_spreads) - TRUE.many(fresh_raw, fresh_spreads)
    assert np.abs(apart).mean() < 0.01


def test_a_fit_is_scikit_learns_with_the_same_penalty() -> None:
    raw, spreads, labels = drawn(500, TRUE)
    features = np.column_stack([np.log(raw / (1 - raw)), spreads])
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(standard, labels)
    found = fit_members(raw, labels, spreads).many(raw, spreads)
    assert found == pytest.approx(oracle.predict_proba(standard)[:, 1], abs=1e-5)


@given(st.lists(st.tuples(unit, spread_values, st.integers(0, 1)), min_size=2, max_size=40))
def test_whatever_the_labels_a_fit_is_finite_and_never_falls(
    items: list[tuple[float, Spread, int]],
) -> None:
    raw, spreads, labels = zip(*items, strict=True)
    found = fit_members(raw, labels, rows_of(spreads))
    assert found.log_odds >= 0
    assert np.isfinite(found.many(raw, rows_of(spreads))).all()


def test_means_that_order_wrongly_end_up_saying_nothing() -> None:
    raw, spreads, labels = drawn(2_000, TRUE)
    found = fit_members(raw, 1 - labels, spreads)
    assert found.many(raw, spreads) == pytest.approx(1 - labels.mean(), abs=0.01)


def test_it_is_chosen_where_the_spread_tells_more_and_then_is_better() -> None:
    raw, spreads, labels = drawn(4_000, TRUE)
    choice = choose(raw, labels, spreads)
    assert choice.calibrator.kind == MEMBERS
    fresh_raw, fresh_spreads, fresh = drawn(10_000, TRUE, seed=6)
    alone = choose(raw, labels, None).calibrator
    assert log_loss(choice.calibrator.many(fresh_raw, fresh_spreads), fresh) < log_loss(
        alone.many(fresh_raw), fresh
    )


def test_it_is_not_chosen_where_the_spread_tells_nothing() -> None:
    truth = MemberCalibrator(
        log_odds=1, agreement=0, mutual_information=0, mean_log_probability=0, shift=0
    )
    raw, spreads, labels = drawn(300, truth)
    assert choose(raw, labels, spreads).calibrator.kind != MEMBERS


def test_one_opinion_is_an_error_and_never_a_confidence() -> None:
    with pytest.raises(InvalidInput):
        TRUE(0.5)
    with pytest.raises(InvalidInput):
        TRUE.many([0.5])
    with pytest.raises(InvalidInput):
        TRUE(math.nan, Spread(agreement=1, mutual_information=0, mean_log_probability=0))


@pytest.mark.parametrize(
    "calibrator", [TRUE, Calibrator(), Calibrator(kind=Kind.BETA, a=2, b=1, shift=-0.5)]
)
def test_every_calibrator_survives_being_written_down(
    calibrator: Calibrator | MemberCalibrator,
) -> None:
    assert read_calibrator(json.loads(json.dumps(calibrator.to_json()))) == calibrator


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"kind": "magic"},
        {"kind": MEMBERS},
        {"kind": MEMBERS, **WEIGHTS, "log_odds": -1},
        {"kind": MEMBERS, **WEIGHTS, "shift": math.nan},
        {"kind": MEMBERS, **WEIGHTS, "shift": "1"},
    ],
)
def test_a_document_that_describes_none_is_refused(document: dict[str, Json]) -> None:
    with pytest.raises(InvalidInput):
        read_calibrator(document)
