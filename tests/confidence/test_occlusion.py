"""Texts are taken apart whole, and a part weighs what the score loses with it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.confidence.occlusion import log_odds, weight, without, words_of


def parts(text: str, most: int = 48) -> list[str]:
    return [text[start:end] for start, end in words_of(text, most)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You're late, again!", ["You're", "late", "again"]),
        ("@kim see #this http://a.b", ["@kim", "see", "#this", "http", "a", "b"]),
        ("你真好 ok", ["你", "真", "好", "ok"]),
        ("naïve café №5", ["naïve", "café", "5"]),
        ("... !!!", []),
        ("", []),
    ],
)
def test_words_of_both_kinds_of_script(text: str, words: list[str]) -> None:
    assert parts(text) == words


@given(st.text(max_size=300), st.integers(1, 60))
def test_parts_are_few_in_order_and_apart(text: str, most: int) -> None:
    places = words_of(text, most)
    assert len(places) <= most
    flat = [edge for place in places for edge in place]
    assert flat == sorted(flat)
    assert all(start < end for start, end in places)


def test_many_words_go_together_with_their_neighbours() -> None:
    assert parts("a b c d e", most=2) == ["a b c", "d e"]


def test_what_is_left_has_no_double_space() -> None:
    assert without("so very good", 3, 7) == "so good"
    assert without("你真好", 1, 2) == "你好"


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=8), st.floats(-2, 2))
def test_in_an_additive_model_each_part_weighs_its_own_weight(
    evidence: list[float], bias: float
) -> None:
    def score(evidence: list[float]) -> float:
        return 1 / (1 + math.exp(-(bias + sum(evidence))))

    if abs(bias + sum(evidence)) > 9 or any(
        abs(bias + sum(evidence) - one) > 9 for one in evidence
    ):
        return  # beyond a ten-thousandth, scores tell log-odds apart no more
    for place, own in enumerate(evidence):
        left = score(evidence[:place] + evidence[place + 1 :])
        assert weight(score(evidence), [left]) == pytest.approx(own, abs=1e-6)


def test_a_field_weighs_against_the_mean_of_what_it_might_have_been() -> None:
    assert weight(0.9, [0.5, 0.9]) == pytest.approx(log_odds(0.9) / 2)


def test_certainty_is_finite() -> None:
    assert weight(1.0, [0.0]) == pytest.approx(2 * math.log(1e6), rel=1e-5)
