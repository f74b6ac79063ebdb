"""The fast way to canonical JSON gives what the reference implementation gives."""

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.canonical import canonical, plain
from service.domain.outcome import Verdict

SMALL = st.integers(-(2**53) + 1, 2**53 - 1)
LARGE = st.integers(-(2**80), 2**80)
NUMBERS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-2, 2)
    | st.floats(2**52, 2**54)  # where doubles stop to tell integers apart
    | st.floats(-1e-3, 1e-3)
    | st.builds(lambda digits, place: digits / 10**place, SMALL, st.integers(0, 20))
    | SMALL
)
STRINGS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = STRINGS | st.text(st.characters(codec="ascii")) | st.sampled_from(Verdict)


def values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    )


VALUES = values(st.none() | st.booleans() | NUMBERS | STRINGS | st.sampled_from(Verdict))


@given(VALUES)
@settings(max_examples=500)
@example({"b": 1.0, "a": -0.0, "c": 1e21, "d": 1e-7, "e": 0.1, "f": 1e16, "g": 123456789.125})
@example({"\U0001f600": 1, "\ufb33": 2, "z": 3})  # UTF-16 sorts these otherwise than code points
@example({"\x7f\x1f\n\u2028": '\x00\b\t\n\f\r\x1b"\\/\x7f\u2028é😀'})
@example([5e-324, 1.7976931348623157e308, 1e-4, 0.00009999, 9007199254740991.0, 1e15, 1e16])
@example([2.0**53, -(2.0**53), 9155352449091326.0, 1 - 2.0**53])
def test_as_the_reference_writes_it(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values(st.none() | st.booleans() | NUMBERS | LARGE | STRINGS))
def test_what_is_plain_reads_back_as_it_was(value: object) -> None:
    written = plain(value)
    assert written in (None, canonical(value))
    if written is not None:
        assert json.loads(written) == as_lists(value)


def as_lists(value: Any) -> Any:
    """The value without tuples, which JSON does not know."""
    match value:
        case dict():
            return {str(key): as_lists(inner) for key, inner in value.items()}
        case list() | tuple():
            return [as_lists(inner) for inner in value]
        case _:
            return value


def test_what_is_ordinary_is_plain() -> None:
    ordinary = {"text": "Grüße \x00", "score": 0.83, "n": [1, -0.0, 2**53 - 1, None, True], "o": {}}
    assert plain(ordinary) == canonical(ordinary)
    assert plain({"id": 2**53}) is None


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30])
def test_an_integer_that_no_double_holds_goes_in_as_its_digits(number: int) -> None:
    assert canonical({"id": number}) == canonical({"id": str(number)})
    assert canonical({"id": number, "ü": 0}) == canonical({"id": str(number), "ü": 0})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        canonical({"x": number})


@pytest.mark.parametrize("value", [{1: 2}, {"x": {1, 2}}, b"x"])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        canonical(value)


@pytest.mark.parametrize("text", ["\ud800", {"\ud800": 1}, {"a": "\udfff"}])
def test_a_lone_surrogate_is_refused(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        canonical(text)
