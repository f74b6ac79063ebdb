"""What is told of an explanation: the heavy parts, strongest first, in a sentence."""

from service.domain.explanation import LEAST_TOLD, MOST_TOLD, Explanation, Part
from service.web.text.explanations import LONGEST_NAME, in_chinese, in_english


def explanation(**weights: float) -> Explanation:
    parts = tuple(Part(name=name, weight=weight) for name, weight in weights.items())
    return Explanation(model_version="m@1", parts=parts)


def test_both_sides_are_told_the_heavier_first() -> None:
    found = explanation(a=-0.5, stupid=-2.0, thanks=1.0, the=-0.3)
    assert (
        in_english(found) == "“stupid” and “a” speak for rejecting; “thanks” speaks for approving."
    )
    assert in_chinese(found) == "“stupid”、“a”支持拒绝；“thanks”支持通过。"


def test_nothing_heavy_is_told_as_such() -> None:
    assert in_english(explanation(a=LEAST_TOLD / 2)) == "No single part of it weighs much."
    assert in_chinese(explanation()) == "没有哪一部分单独起明显作用。"


def test_a_word_said_twice_is_named_once() -> None:
    twice = Explanation(
        model_version="m@1", parts=(Part(name="no", weight=-1.0), Part(name="no", weight=-0.9))
    )
    assert in_english(twice) == "“no” speaks for rejecting."


def test_few_and_short_names() -> None:
    found = explanation(**{"x" * 60 + str(n): 5.0 + n for n in range(9)})
    assert len(found.for_approving) == MOST_TOLD
    assert "x" * LONGEST_NAME not in in_english(found)
