"""From signals to the raw score: the meanings the contract gives, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.confidence.estimators import (
    from_logits,
    from_probabilities,
    from_score,
    from_token_logprobs,
)
from service.confidence.signals import raw_of_signal
from service.domain.errors import BadSignal
from service.domain.values import Json

LABELS = ("acceptable", "spam", "offensive")
APPROVE = ("acceptable",)

finite = st.floats(allow_nan=False, allow_infinity=False)
not_finite = st.sampled_from([math.nan, math.inf, -math.inf])


def raw(ai_result: Json = None, **signal: Any) -> float:
    """The raw score of a signal that is estimated in several steps."""
    return raw_of_signal(signal, labels=LABELS, approve_labels=APPROVE, ai_result=ai_result).value


def test_a_score_is_itself() -> None:
    assert from_score(0.83) == 0.83


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan, math.inf])
def test_a_score_outside_the_unit_interval_is_refused(score: float) -> None:
    with pytest.raises(BadSignal):
        from_score(score)


def test_probabilities_sum_over_the_approve_labels() -> None:
    found = from_probabilities(
        {"offensive": 0.2, "acceptable": 0.5, "spam": 0.3},
        labels=LABELS,
        approve_labels=("acceptable", "spam"),
    )
    assert found == pytest.approx(0.8)


def test_a_label_without_probability_has_none() -> None:
    assert from_probabilities({"spam": 1.0}, labels=LABELS, approve_labels=APPROVE) == 0


def test_an_unknown_label_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(BadSignal, match="'fine'") as refused:
        from_probabilities({"fine": 1.0}, labels=LABELS, approve_labels=APPROVE)
    assert "acceptable, spam, offensive" in refused.value.fix


@pytest.mark.parametrize("rest", [0.08, 0.12, 0.9])
def test_probabilities_that_do_not_sum_to_one_are_refused(rest: float) -> None:
    probabilities = {"acceptable": 0.9, "spam": rest}
    with pytest.raises(BadSignal, match="sum to"):
        from_probabilities(probabilities, labels=LABELS, approve_labels=APPROVE)


def test_a_sum_within_the_tolerance_is_scaled_to_one() -> None:
    found = from_probabilities(
        {"acceptable": 0.5025, "spam": 0.5025}, labels=LABELS, approve_labels=APPROVE
    )
    assert found == pytest.approx(0.5)


def test_logits_become_their_softmax() -> None:
    found = from_logits(
        [math.log(6), math.log(3), math.log(1)], labels=LABELS, approve_labels=APPROVE
    )
    assert found == pytest.approx(0.6)


@given(st.lists(finite, min_size=3, max_size=3))
def test_any_finite_logits_give_a_probability(logits: list[float]) -> None:
    assert 0 <= from_logits(logits, labels=LABELS, approve_labels=APPROVE) <= 1


@given(st.lists(finite, max_size=6).filter(lambda logits: len(logits) != 3))
def test_logits_that_do_not_pair_with_the_labels_are_refused(logits: list[float]) -> None:
    with pytest.raises(BadSignal, match="3 labels"):
        from_logits(logits, labels=LABELS, approve_labels=APPROVE)


@given(not_finite, st.integers(0, 2))
def test_logits_that_are_not_finite_are_refused(bad: float, place: int) -> None:
    logits = [0.0, 1.0, 2.0]
    logits[place] = bad
    with pytest.raises(BadSignal, match="finite"):
        from_logits(logits, labels=LABELS, approve_labels=APPROVE)


def test_members_count_alike() -> None:
    members = [[0.9, 0.1, 0.0], [0.5, 0.25, 0.25], [0.1, 0.4, 0.5]]
    assert raw(members=members) == pytest.approx(0.5)


@pytest.mark.parametrize("members", [[], [[0.5, 0.5]], [[0.9, 0.3, 0.2]], [[math.nan, 0.5, 0.5]]])
def test_members_that_are_no_distributions_over_the_labels_are_refused(
    members: list[list[float]],
) -> None:
    with pytest.raises(BadSignal):
        raw(members=members)


def test_samples_agree_with_the_result_that_approval_would_let_through() -> None:
    assert raw(samples=["no", "yes", " Yes\n", "no", "no"], ai_result="yes") == pytest.approx(0.4)


def test_samples_without_a_result_agree_with_the_commonest() -> None:
    assert raw(samples=["a", "b", "b", "c"]) == pytest.approx(0.5)


def test_samples_may_be_any_json_and_the_order_of_keys_says_nothing() -> None:
    samples: list[Json] = [{"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"a": 1, "b": [3]}]
    assert raw(samples=samples, ai_result={"b": [2], "a": 1}) == pytest.approx(2 / 3)


@pytest.mark.parametrize("samples", [[], ["only one"]])
def test_too_few_samples_to_disagree_are_refused(samples: list[str]) -> None:
    with pytest.raises(BadSignal):
        raw(samples=samples)


def test_samples_that_cannot_agree_are_refused_rather_than_rejected() -> None:
    with pytest.raises(BadSignal, match="same JSON type"):
        raw(samples=["yes", "yes"], ai_result={"answer": "yes"})


def test_token_logprobs_give_their_geometric_mean() -> None:
    assert from_token_logprobs([math.log(0.5), math.log(0.125)]) == pytest.approx(0.25)


@pytest.mark.parametrize("logprobs", [[], [0.1], [-1.0, math.nan], [-math.inf]])
def test_token_logprobs_that_are_none_are_refused(logprobs: list[float]) -> None:
    with pytest.raises(BadSignal):
        from_token_logprobs(logprobs)


@given(st.lists(st.floats(max_value=0, allow_infinity=False, allow_nan=False), min_size=1))
def test_any_logprobs_give_a_number_in_the_unit_interval(logprobs: list[float]) -> None:
    assert 0 <= from_token_logprobs(logprobs) <= 1
