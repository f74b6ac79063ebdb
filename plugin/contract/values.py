"""The building blocks of the wire models: portable JSON, identifiers, two kinds of model."""

import math
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, StringConstraints

MAX_NAME_CHARS = 128
MAX_ID_CHARS = 256
MAX_COMMENT_CHARS = 10_000
MAX_JSON_DEPTH = 64
MAX_UNREADABLE_CHARS = 2_000
MAX_INTEGER = 2**53 - 1


def _check_string(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character: remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode (a lone surrogate): send UTF-8 text") from None
    return text


def _check_json(value: JsonValue) -> JsonValue:
    """Refuse what JSON parsers let through but canonical JSON and databases cannot hold."""
    waiting: list[tuple[JsonValue, int]] = [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_JSON_DEPTH:
            raise ValueError(f"is nested deeper than {MAX_JSON_DEPTH} levels: flatten it")
        match node:
            case str():
                _check_string(node)
            case float() if not math.isfinite(node):
                raise ValueError("holds a number that is not finite: JSON has no NaN or Infinity")
            case int() if abs(node) > MAX_INTEGER:
                raise ValueError("holds an integer beyond 2^53 - 1: send it as a string")
            case list():
                waiting.extend((child, depth + 1) for child in node)
            case dict():
                for key, child in node.items():
                    _check_string(key)
                    waiting.append((child, depth + 1))
            case _:
                pass
    return value


UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters without ink whose Unicode category does not say so: fillers, an empty Braille cell."""


def is_blank(text: str) -> bool:
    """Whether nobody could see anything of the text: it is empty, white or invisible."""
    return all(map(_is_unseen, text))


def _is_unseen(character: str) -> bool:
    if character.isspace() or character in UNSEEN:
        return True
    selects_a_variant = (
        "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    )
    return selects_a_variant or unicodedata.category(character) in {"Cc", "Cf"}


def _check_not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError("is blank: leave the field out or fill it in")
    return text


Json = Annotated[JsonValue, AfterValidator(_check_json)]
"""Any JSON value that survives canonical JSON (RFC 8785) and every database."""

Text = Annotated[str, AfterValidator(_check_string)]
"""Text without NUL characters and lone surrogates, of any length."""

FilledText = Annotated[Text, AfterValidator(_check_not_blank)]
"""Text with at least one character that can be seen."""

Name = Annotated[FilledText, StringConstraints(max_length=MAX_NAME_CHARS)]
Id = Annotated[FilledText, StringConstraints(max_length=MAX_ID_CHARS)]
Comment = Annotated[Text, StringConstraints(max_length=MAX_COMMENT_CHARS)]
Unreadable = Annotated[FilledText, StringConstraints(max_length=MAX_UNREADABLE_CHARS)]


class Request(BaseModel):
    """What a caller sends: unknown fields and loose types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Answer(BaseModel):
    """What the service gives back: fields may be added, so unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
