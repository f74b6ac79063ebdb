"""Canonical JSON (RFC 8785): one text for one value, so that a hash of it means the value.

Nearly everything that is hashed is plain: its keys are ASCII and its numbers look alike in every
JSON encoder and in ECMAScript. A quick encoder gives the canonical text of that, in a
fraction of the time of the reference implementation, which does the rest.
"""

from types import NoneType
from typing import Any

import msgspec
import rfc8785

_LARGEST_EXACT = 2**53 - 1

_AS_THEY_ARE = frozenset({str, bool, NoneType})

_encode = msgspec.json.Encoder(order="sorted").encode


class _NotPlain(Exception):
    """The quick encoder would write this otherwise than RFC 8785 does."""


def canonical(value: Any) -> bytes:
    """The value in canonical JSON. An integer beyond 2^53 - 1 (a 64-bit id) goes in as its digits.

    Raises ValueError for what canonical JSON cannot hold: a number that is not finite, a lone
    surrogate.
    """
    return plain(value) or rfc8785.dumps(_with_exact_integers(value))


def plain(value: Any) -> bytes | None:
    """The value in canonical JSON, where that reads back as an equal value; None where it is not
    plain. Raises ValueError for a lone surrogate."""
    try:
        return _encode(_plain(value))
    except (_NotPlain, TypeError):  # a key that is no string, a type that nobody knows
        return None


def _plain(value: Any) -> Any:
    """The value with its numbers as the quick encoder must be given them."""
    kind = type(value)  # not isinstance: who knows what it makes of a subclass
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return _plain_object(value)
    if kind is list or kind is tuple:
        return [_plain(inner) for inner in value]
    if kind is float:
        return _plain_number(value)
    if kind is int and -_LARGEST_EXACT <= value <= _LARGEST_EXACT:
        return value
    raise _NotPlain


def _plain_object(value: dict[str, Any]) -> dict[str, Any]:
    if not "".join(value).isascii():
        raise _NotPlain  # RFC 8785 sorts by UTF-16 code units
    return {
        key: inner if type(inner) in _AS_THEY_ARE else _plain(inner)  # a call saved for most
        for key, inner in value.items()
    }


def _plain_number(value: float) -> float | int:
    size = abs(value)
    if not (size == 0 or 1e-4 <= size <= _LARGEST_EXACT):
        raise _NotPlain  # some write an exponent, or 1e16 as 10000000000000000.0
    # The shortest decimal that reads back the same, in both; but ECMAScript writes 1, others 1.0.
    return int(value) if value.is_integer() else value


def _with_exact_integers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_exact_integers(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_with_exact_integers(inner) for inner in value]
        case int() if abs(value) > _LARGEST_EXACT:
            return str(value)
        case _:
            return value
