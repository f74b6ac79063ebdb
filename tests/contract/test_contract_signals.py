"""Signals: exactly one form, each of them valid."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plugin.contract.signals import SUM_TOLERANCE, Signals
from plugin.errors import explain

VALID: dict[str, Any] = {
    "score": 0.83,
    "probabilities": {"acceptable": 0.7, "offensive": 0.3},
    "logits": [1.5, -2.0],
    "samples": ["yes", "no", {"answer": "yes"}],
    "token_logprobs": [-0.1, 0.0],
    "members": [[0.6, 0.4], [0.5, 0.5]],
}


def fault(signals: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Signals.model_validate(signals)
    return explain(caught.value)


@pytest.mark.parametrize("kind", VALID)
def test_each_form_alone_is_accepted(kind: str) -> None:
    assert Signals.model_validate({kind: VALID[kind]}).kind == kind


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(VALID, 2)))
def test_two_forms_are_refused(one: str, other: str) -> None:
    assert "exactly one" in fault({one: VALID[one], other: VALID[other]})


@pytest.mark.parametrize("empty", [{}, {"score": None}, dict.fromkeys(VALID)])
def test_no_form_is_refused(empty: dict[str, Any]) -> None:
    assert "found none" in fault(empty)


@pytest.mark.parametrize(
    "signals",
    [
        {"score": 1.01},
        {"score": -0.01},
        {"score": "0.9"},
        {"score": True},
        {"score": math.nan},
        {"score": math.inf},
        {"probabilities": {}},
        {"probabilities": {"a": 1.2, "b": -0.2}},
        {"probabilities": {"": 1.0}},
        {"logits": []},
        {"logits": [math.inf]},
        {"samples": []},
        {"token_logprobs": []},
        {"token_logprobs": [0.1]},
        {"members": []},
        {"members": [[]]},
        {"members": [[0.5, 0.5], [1.0]]},
        {"members": [[0.5, 0.5], [0.5, 0.4]]},
        {"certainty": 0.9},
        [0.9],
        "0.9",
    ],
)
def test_malformed_forms_are_refused(signals: Any) -> None:
    assert fault(signals)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=20))
def test_a_distribution_is_accepted(weights: list[float]) -> None:
    total = math.fsum(weights)
    probabilities = {f"label {n}": weight / total for n, weight in enumerate(weights)}
    assert Signals(probabilities=probabilities).kind == "probabilities"
    assert Signals(members=[list(probabilities.values())]).kind == "members"


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(
        lambda p: abs(math.fsum(p) - 1) > SUM_TOLERANCE
    )
)
def test_what_does_not_sum_to_one_is_refused(numbers: list[float]) -> None:
    assert "sum" in fault({"probabilities": {str(n): p for n, p in enumerate(numbers)}})
    assert "sum" in fault({"members": [numbers]})
