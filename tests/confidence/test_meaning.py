"""Samples by meaning, with vectors made for the test."""

import math

import numpy as np
import pytest

from service.confidence.estimators import answer_of
from service.confidence.meaning import SAME_MEANING, raw_of_meanings, texts_of
from service.domain.errors import BadSignal
from service.domain.values import Json

NEAR, FAR = math.acos(SAME_MEANING) * 0.99, math.acos(SAME_MEANING) * 1.01
ANGLES = {"yes": 0.0, "sure": 0.3, "certainly": NEAR, "no": 2.0, "never": 2.0 + FAR}


def share(samples: list[Json], ai_result: Json = None) -> float:
    vectors = {
        answer: np.array([math.cos(ANGLES[text]), math.sin(ANGLES[text])], dtype=np.float32)
        for answer, text in texts_of(samples, ai_result).items()
    }
    return raw_of_meanings(samples, ai_result, vectors).value


@pytest.mark.parametrize(
    ("samples", "ai_result", "expected"),
    [
        (["yes", "sure", "certainly", "no"], "yes", 3 / 4),
        (["sure", "certainly", "no", "no"], "yes", 2 / 4),
        (["yes", "sure", "no"], "no", 1 / 3),
        (["no", "never", "no"], "yes", 0),
        (["no", "never", "yes"], None, 1 / 3),
        (["yes", "no", "sure"], None, 2 / 3),
        ([1, 1, 2], 1, 2 / 3),
        ([{"a": 1}, {"a": 1}, "yes"], {"a": 1}, 2 / 3),
    ],
)
def test_the_share_is_of_the_cluster_that_agrees(
    samples: list[Json], ai_result: Json, expected: float
) -> None:
    assert share(samples, ai_result) == pytest.approx(expected)


def test_small_steps_lead_to_no_opposite() -> None:
    ANGLES.update({"a": 0.0, "b": NEAR, "c": 2 * NEAR})
    assert share(["a", "b", "c"], "a") == pytest.approx(2 / 3)


def test_the_spread_is_of_clusters() -> None:
    vectors = {
        answer_of(text): np.array([math.cos(ANGLES[text]), math.sin(ANGLES[text])])
        for text in ("yes", "sure", "no")
    }
    spread = raw_of_meanings(["yes", "sure", "yes", "no"], None, vectors).spread
    assert spread is not None
    assert spread.agreement == 0.75


def test_one_text_of_each_answer_is_embedded() -> None:
    assert list(texts_of(["Yes", "yes ", 7, "no"], "YES").values()) == ["YES", "no"]


@pytest.mark.parametrize(("samples", "ai_result"), [(["yes"], None), (["yes", "no"], 1)])
def test_what_cannot_agree_is_refused(samples: list[Json], ai_result: Json) -> None:
    with pytest.raises(BadSignal):
        texts_of(samples, ai_result)
