"""Decision requests and answers: what is refused, and that both ends fail closed."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plugin.contract.decisions import (
    DecisionRecord,
    DecisionRequest,
    DecisionResponse,
    Thresholds,
)
from plugin.contract.values import MAX_INTEGER
from plugin.errors import explain

ANSWER: dict[str, Any] = {
    "decision_id": "d1",
    "decision": "auto_approve",
    "confidence": 0.95,
    "label": "acceptable",
    "reason": "above_high",
    "thresholds": {"low": 0.1, "high": 0.9},
    "policy_version": 1,
}
portable_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=10,
)


def fault(request: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        DecisionRequest.model_validate(request)
    return explain(caught.value)


def test_the_contracts_own_example_is_accepted() -> None:
    request = DecisionRequest.model_validate(
        {
            "item": {"text": "...", "fields": {}},
            "ai_result": {"any": "JSON"},
            "signals": {"score": 0.83},
            "category": "electronics",
            "risk_level": "low",
            "resume": {"mode": "native_form", "app": "a", "run_id": "r", "user": "u"},
            "metadata": {},
        }
    )
    assert request.signals is not None
    assert request.signals.score == 0.83


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"item": {}}, "item is empty"),
        ({"item": {"text": None}}, "item is empty"),
        ({"item": {"text": " \n\t"}}, "item.text is blank"),
        ({"item": {"text": "a\0b"}}, "item.text holds a NUL character"),
        ({"item": {"text": "\ud800"}}, "item.text is not valid Unicode"),
        ({"item": {"text": 5}}, "item.text"),
        ({"item": {"text": "x", "html": "y"}}, "item.html is not a field here"),
        ({"colour": "red"}, "colour is not a field here"),
        ({"risk_level": "extreme"}, "risk_level"),
        ({"category": ""}, "category is blank"),
        ({"category": "x" * 129}, "category"),
        ({"signals": {}}, "signals"),
        ({"resume": {"mode": "magic"}}, "resume.mode"),
        ({"resume": {"mode": "native_form", "run_id": "r"}}, "map sys.workflow_run_id"),
        ({"ai_result": {"deep": [math.nan]}}, "ai_result"),
        ({"ai_result": 2**53}, "send it as a string"),
        ({"ai_result": {"\0": 1}}, "NUL"),
        ({"metadata": {"id": 2**60}}, "send it as a string"),
    ],
)
def test_faults_are_named(change: dict[str, Any], said: str) -> None:
    assert said in fault({"item": {"text": "fine"}, **change})


def test_json_text_is_checked_like_parsed_json() -> None:
    for text in (
        '{"item":{"text":"x"},"ai_result":NaN}',
        '{"item":{"text":"x"},"ai_result":1e999}',
    ):
        with pytest.raises(ValidationError):
            DecisionRequest.model_validate_json(text)


def test_deep_nesting_is_refused_not_crashed_on() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert fault({"item": {"text": "x"}, "ai_result": deep})


@given(portable_json)
def test_portable_json_survives_the_wire(value: Any) -> None:
    request = DecisionRequest.model_validate({"item": {"text": "x"}, "ai_result": value})
    sent = json.dumps(request.model_dump(mode="json", exclude_unset=True))
    assert DecisionRequest.model_validate_json(sent) == request


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": None},
        {"confidence": 0.9},
        {"confidence": 0.2},
        {"thresholds": {"low": 0.1, "high": None}},
        {"decision": "approve"},
        {"confidence": 1.2},
        {"confidence": "0.95"},
        {"decision_id": ""},
        {"thresholds": None},
    ],
)
def test_an_approval_that_its_figures_contradict_is_no_answer(change: dict[str, Any]) -> None:
    assert DecisionResponse.model_validate_json(json.dumps(ANSWER), strict=True)
    with pytest.raises(ValidationError):
        DecisionResponse.model_validate_json(json.dumps({**ANSWER, **change}), strict=True)


def test_review_needs_no_confidence() -> None:
    failed = {"decision": "human_review", "confidence": None, "reason": "scorer_failed"}
    assert DecisionResponse.model_validate({**ANSWER, **failed}).confidence is None


def test_a_newer_service_may_add_fields() -> None:
    record = {**ANSWER, "state": "automatic", "outcome": None, "added_later": {"x": 1}}
    assert DecisionRecord.model_validate_json(json.dumps(record), strict=True).state == "automatic"


@given(st.floats(0, 1), st.floats(0, 1))
def test_thresholds_never_cross(low: float, high: float) -> None:
    if low < high:
        assert Thresholds(low=low, high=high).low == low
    else:
        with pytest.raises(ValidationError):
            Thresholds(low=low, high=high)


def test_either_threshold_may_be_closed() -> None:
    assert Thresholds(low=None, high=0.9).low is None
    assert Thresholds(low=0.1, high=None).high is None
    assert Thresholds().model_dump() == {"low": None, "high": None}
