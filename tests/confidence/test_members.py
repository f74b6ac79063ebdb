"""How far members agree: by the formulas, and within their bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.confidence.members import (
    agreement,
    mean_log_probability,
    mutual_information,
    rows_of,
    spread_of_counts,
    spreads,
)
from service.confidence.signals import raw_of_signal
from service.domain.decision import Spread

THREE = np.array([[[0.9, 0.1]], [[0.6, 0.4]], [[0.2, 0.8]]])  # members, one item, labels

opinions = st.integers(2, 4).flatmap(
    lambda labels: st.lists(
        st.lists(st.floats(0.001, 1), min_size=labels, max_size=labels), min_size=1, max_size=6
    )
)


def told(rows: list[list[float]]) -> np.ndarray:
    p = np.array(rows)
    found: np.ndarray = (p / p.sum(axis=1, keepdims=True))[:, None]
    return found


def test_agreement_is_one_minus_the_share_of_dissent() -> None:
    dissent = [False, False, True]
    assert agreement(THREE) == pytest.approx([1 - sum(dissent) / 3])


def test_information_is_the_entropy_of_the_mean_less_the_mean_entropy() -> None:
    def entropy(p: float) -> float:
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    mean = (0.9 + 0.6 + 0.2) / 3
    expected = entropy(mean) - (entropy(0.9) + entropy(0.6) + entropy(0.2)) / 3
    assert mutual_information(THREE) == pytest.approx([expected])


def test_the_log_probability_is_of_the_label_that_the_mean_finds_likeliest() -> None:
    expected = (math.log(0.9) + math.log(0.6) + math.log(0.2)) / 3
    assert mean_log_probability(THREE) == pytest.approx([expected])


@given(opinions)
def test_every_spread_is_within_its_bounds(rows: list[list[float]]) -> None:
    p = told(rows)
    (spread,) = spreads(p)
    members, _, labels = p.shape
    assert max(1 / members, 1 / labels) - 1e-9 <= spread.agreement <= 1
    assert 0 <= spread.mutual_information <= math.log(min(members, labels)) + 1e-9
    assert spread.mean_log_probability <= 0


@given(opinions)
def test_the_order_of_members_says_nothing(rows: list[list[float]]) -> None:
    here, there = rows_of(spreads(told(rows))), rows_of(spreads(told(rows[::-1])))
    assert here == pytest.approx(there, abs=1e-9)


@given(opinions.map(lambda rows: [rows[0]] * 4))
def test_those_who_say_the_same_agree_wholly(rows: list[list[float]]) -> None:
    (spread,) = spreads(told(rows))
    assert spread.agreement == 1
    assert spread.mutual_information == pytest.approx(0, abs=1e-9)


def test_certain_members_spread_as_samples_do() -> None:
    certain = np.eye(2)[[0, 0, 0, 1]][:, None]
    (spread,) = spreads(certain)
    counted = spread_of_counts([3, 1])
    assert counted.agreement == spread.agreement == 0.75
    assert counted.mutual_information == pytest.approx(spread.mutual_information)


def test_signals_of_several_carry_their_spread_and_others_none() -> None:
    def spread_of(signal: dict[str, object]) -> Spread | None:
        return raw_of_signal(
            signal, labels=("yes", "no"), approve_labels=("yes",), ai_result="yes"
        ).spread

    assert spread_of({"members": THREE[:, 0].tolist()}) == spreads(THREE)[0]
    assert spread_of({"samples": ["yes", "Yes ", "no", "yes"]}) == spread_of_counts([3, 1])
    assert spread_of({"score": 0.5}) is None
    assert spread_of({"token_logprobs": [-0.1]}) is None
