"""Documents: JSON as it is stored."""

import json
from dataclasses import dataclass
from typing import Any

# Pure ASCII keeps what PostgreSQL's text cannot hold (NUL, lone surrogates) as escapes.
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Text:
    """A document that is written already: valid JSON, without NUL or lone surrogates."""

    json: str


def dump(document: Any) -> str:
    """Raises ValueError for a number that is not finite, TypeError for what is no JSON."""
    if type(document) is Text:
        return document.json
    if document == {}:  # so many are empty that it pays to know their text
        return "{}"
    if document == []:
        return "[]"
    return _encode(document)
