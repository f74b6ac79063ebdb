"""The fast way to canonical JSON gives what the reference implementation gives."""

import math

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.canonical import canonical

SMALL = st.integers(-(2**53) + 1, 2**53 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-2, 2) | SMALL
STRINGS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner) | st.dictionaries(STRINGS, inner),
)


@given(VALUES)
@settings(max_examples=500)
@example({"b": 1.0, "a": -0.0, "c": 1e21, "d": 1e-7, "e": 0.1, "f": 1e16, "g": 123456789.125})
@example({"\U0001f600": 1, "\ufb33": 2, "z": 3})  # UTF-16 sorts these otherwise than code points
@example({"\x7f\x1f\n\u2028": '\x00\b\t\n\f\r\x1b"\\/\x7f\u2028é😀'})
@example([5e-324, 1.7976931348623157e308, 1e-4, 0.00009999, 9007199254740991.0, 1e15, 1e16])
def test_as_the_reference_writes_it(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30])
def test_an_integer_that_no_double_holds_goes_in_as_its_digits(number: int) -> None:
    assert canonical({"id": number}) == canonical({"id": str(number)})
    assert canonical({"id": number, "ü": 0}) == canonical({"id": str(number), "ü": 0})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        canonical({"x": number})


@pytest.mark.parametrize("text", ["\ud800", {"\ud800": 1}, {"a": "\udfff"}])
def test_a_lone_surrogate_is_refused(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        canonical(text)
