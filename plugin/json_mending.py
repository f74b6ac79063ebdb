"""JSON with small mistakes, mended only where the mending changes nothing that was written.

`json-repair` mends whatever it is given: of `{"score": <0.9}` it makes .9, and a text that was cut
off it completes. So its result counts only if it holds the very tokens of the text, in their order:
it may set commas and quotes right, and nothing else.
"""

import json
import re
from typing import Any

_AS_ASCII = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_AS_ASCII |= {ord(space): " " for space in "\u3000\u00a0"}
_AS_ASCII |= dict.fromkeys(map(ord, "“”„‟"), '"') | dict.fromkeys(map(ord, "‘’‚‛"), "'")

_UNQUOTED_PERCENTAGE = re.compile(r"(?<=:)\s*([0-9.]+\s?%)(?=\s*[,}])")

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<mark>[{}\[\]:,])
    | (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*') (?=\s*(?:[:,}\]]|$))
    | (?P<number>-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) (?=[\s,}\]"']|$)
    | (?P<word>[^\W\d]\w*) (?=\s*(?:[:,}\]]|$))
    )""",
    re.VERBOSE | re.DOTALL,
)


class Unmendable(Exception):
    """What the text means cannot be told for sure."""


def with_ascii_punctuation(text: str) -> str:
    """Full-width forms and typographic quotes as ASCII has them."""
    return text.translate(_AS_ASCII)


def mended(text: str) -> Any:
    """The JSON value that the text means beyond doubt. Raises Unmendable."""
    from json_repair import repair_json  # 40 ms, which only a text with mistakes is to cost

    quoted = _UNQUOTED_PERCENTAGE.sub(r' "\1"', text)
    written = _tokens(quoted)
    try:
        value = repair_json(quoted, return_objects=True, skip_json_loads=True)
        if _tokens(json.dumps(value, ensure_ascii=False)) == written:
            return value
    except (ValueError, RecursionError):
        pass
    raise Unmendable


def _tokens(text: str) -> list[str | float]:
    """What is written, without commas and with strings and words alike. Raises Unmendable."""
    tokens: list[str | float] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            raise Unmendable
        at = found.end()
        match found.lastgroup, found[found.lastgroup or 0]:
            case "number", number:
                tokens.append(float(number))
            case "string", string:
                tokens.append("'" + re.sub(r"\\(['\"])", r"\1", string[1:-1]))
            case "word", word:
                tokens.append("'" + _LITERALS.get(word, word))
            case _, mark if mark != ",":
                tokens.append(mark)
            case _:
                pass
    return tokens


_LITERALS = {"None": "null", "True": "true", "False": "false"}
