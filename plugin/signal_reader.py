"""Signals as workflows send them, often written by a language model, read without guessing.

What is unambiguous is read: fences and a closed <think> block around it, other quotes, full-width
punctuation, a trailing comma, percentages, an explanation beside the score. Everything else is
unreadable, and unreadable is never a score.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from plugin.contract.signals import Signals
from plugin.contract.unique_keys import unique
from plugin.contract.values import MAX_UNREADABLE_CHARS, is_blank
from plugin.json_mending import Unmendable, mended, with_ascii_punctuation

LONGEST_WRITTEN = 20_000
"""Characters beyond which nothing is mended; strict JSON may be longer."""

SCORE_NAMES = frozenset({"score", "confidence", "probability"})

REMARKS = frozenset(
    {
        *("analysis", "comment", "comments", "evidence", "explanation", "justification"),
        *("note", "notes", "rationale", "reason", "reasoning", "reasons"),
        *("thinking", "thought", "thoughts"),
        *("理由", "原因", "解释", "说明", "分析", "备注"),
    }
)
"""What may stand beside the one signal, in words. A label or a verdict may not: nobody knows then
whether the score is for it or for approving."""

_FENCE = re.compile(r"```[A-Za-z0-9]*\s(.*?)```", re.DOTALL)
_THOUGHTS = re.compile(r".*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_NUMBER = r"(?:0|[1-9][0-9]*)?\.[0-9]+|0|[1-9][0-9]*"
_WRITTEN_NUMBER = re.compile(rf"(?P<number>{_NUMBER})\s?(?P<percent>%)?")
_NAMED_NUMBER = re.compile(rf"(?:{'|'.join(sorted(SCORE_NAMES))})\s*[:=]\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """What came instead of signals, as the reviewer will see it."""

    shown: str


def read_signals(value: Any) -> Signals | Unreadable | None:
    """The one signal that `value` holds beyond doubt; None where nothing was given."""
    if value is None or (isinstance(value, str) and is_blank(value)):
        return None
    signals = _of_text(value) if isinstance(value, str) else _of_json(value)
    return signals or Unreadable(shown=_shown(value))


def _of_text(text: str) -> Signals | None:
    bare = _within(text)
    for written in (text, bare):
        try:
            value = json.loads(written, parse_constant=_refused, object_pairs_hook=unique)
        except (ValueError, RecursionError):
            continue
        return _of_json(value)
    if len(bare) > LONGEST_WRITTEN:
        return None
    plain = with_ascii_punctuation(bare).strip()
    if "{" not in plain:
        named = _NAMED_NUMBER.fullmatch(plain)
        return _of_score(_probability(named[1] if named else plain))
    try:
        return _of_json(mended(plain))
    except Unmendable:
        return None


def _within(text: str) -> str:
    """What a model wrote after its thoughts and inside its only fence."""
    answer = _THOUGHTS.sub("", text, count=1).strip().removeprefix("\ufeff")
    fenced = _FENCE.fullmatch(answer)
    return fenced[1].strip() if fenced else answer


def _of_json(value: Any) -> Signals | None:
    match value:
        case dict():
            return _of_object(value)
        case str() | float():
            return _of_score(_probability(value))
        case _:
            return None


def _of_object(given: Mapping[str, Any]) -> Signals | None:
    try:
        return Signals.model_validate(given)
    except ValidationError:
        fields = {name.strip().casefold(): value for name, value in given.items()}
    remarks = {name for name in fields.keys() & REMARKS if _is_remark(fields[name])}
    names = fields.keys() - remarks
    if len(fields) != len(given) or len(names) != 1:
        return None
    [name] = names
    value = fields[name]
    if name not in SCORE_NAMES:
        return _valid({name: value})
    # 1 is surely 1.0 only where the contract's own name says what it is: it may be 1 of 10.
    whole = name == "score" and isinstance(value, int) and not isinstance(value, bool)
    return _valid({"score": value}) if whole else _of_score(_probability(value))


def _is_remark(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _probability(value) is None)


def _of_score(score: float | None) -> Signals | None:
    return None if score is None else _valid({"score": score})


def _valid(signals: dict[str, Any]) -> Signals | None:
    try:
        return Signals.model_validate(signals)
    except ValidationError:
        return None


def _probability(value: Any) -> float | None:
    """A fraction, or a percentage with its sign. A whole number alone may be on any scale, and
    .9 % may be meant as 90 %."""
    if isinstance(value, float):
        return value
    found = (
        _WRITTEN_NUMBER.fullmatch(with_ascii_punctuation(value).strip())
        if isinstance(value, str)
        else None
    )
    if found is None:
        return None
    number = float(found["number"])
    if found["percent"]:
        return None if 0 < number < 1 else number / 100
    return number if "." in found["number"] else None


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    whole = (
        text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    return whole[:MAX_UNREADABLE_CHARS]
