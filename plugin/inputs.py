"""The node's parameters, read into the requests of the contract."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from plugin.contract.decisions import DecisionRequest
from plugin.contract.outcomes import OutcomeRequest
from plugin.contract.unique_keys import unique
from plugin.contract.values import MAX_INTEGER, is_blank
from plugin.errors import BadInput, explain
from plugin.json_mending import with_ascii_punctuation
from plugin.signal_reader import Unreadable, read_signals

MAX_HOLD_SECONDS = 540
"""What `hold` may wait: Dify ends a call after 600 s in all."""
DEFAULT_HOLD_SECONDS = 240
"""Short enough for every kind of Dify installation."""

TEMPLATE_START = "{{#"
UNRESOLVED = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+")
"""What Dify makes of a variable that does not exist: its selector."""

Parameters = Mapping[str, Any]


def required(parameters: Parameters, name: str, hint: str = "fill it in") -> str:
    """A parameter that must be there; raises BadInput with `hint` where it is blank."""
    value = optional(parameters, name)
    if value is None:
        raise BadInput(f"{name} is missing: {hint}.")
    return value


def optional(parameters: Parameters, name: str) -> str | None:
    """A text parameter; `None` where it is absent, blank or a template that nobody filled in, as
    unset ones reach a tool."""
    value = parameters.get(name)
    if value is None:
        return None
    text = (value if isinstance(value, str) else str(value)).strip()
    return None if text.startswith(TEMPLATE_START) else text or None


def decision_request(parameters: Parameters) -> DecisionRequest:
    """What `confidence_gate` asks the service; raises BadInput where it cannot be asked."""
    resume = {
        field: value
        for field, name in _RESUME_FIELDS.items()
        if (value := optional(parameters, name)) is not None
    }
    request = {
        **_item(parameters.get("text")),
        "ai_result": parse_ai_result(parameters.get("ai_result")),
        **_signals(parameters.get("signals")),
        "category": optional(parameters, "category"),
        "risk_level": _risk_level(parameters),
        "resume": resume or None,
    }
    given = {name: value for name, value in request.items() if value is not None}
    try:
        return DecisionRequest.model_validate(given)
    except ValidationError as error:
        raise BadInput(f"The gate cannot be asked: {explain(error)}.") from None


_RESUME_FIELDS = {"mode": "resume_mode", "app": "app", "run_id": "run_id", "user": "user"}


def occurrence(parameters: Parameters) -> str | None:
    """Which of several gates, or of a loop's turns, asks; raises BadInput where its variable does
    not exist, for then all of them would be one."""
    value = optional(parameters, "occurrence")
    if value is not None and UNRESOLVED.fullmatch(value) and not value.replace(".", "").isdigit():
        raise BadInput(
            f"occurrence is {value}, the name of a variable that does not exist: map another."
        )
    return value


def _item(text: Any) -> dict[str, Any]:
    if text is None or (isinstance(text, str) and is_blank(text)):
        return {"item": {"text": ""}, "text_missing": True}
    return {"item": {"text": text}}


def _signals(value: Any) -> dict[str, Any]:
    match read_signals(value):
        case Unreadable(shown=shown):
            return {"signals_unreadable": shown}
        case signals:
            return {"signals": signals}


def _risk_level(parameters: Parameters) -> str | None:
    """`High` and its full-width form are `high`."""
    value = optional(parameters, "risk_level")
    return value and with_ascii_punctuation(value).strip().casefold()


def outcome_request(parameters: Parameters) -> OutcomeRequest:
    """What `report_outcome` reports; raises BadInput where it cannot be reported."""
    report = {
        "decision_id": required(parameters, "decision_id"),
        "truth": required(parameters, "truth", "give approve or reject"),
        "note": optional(parameters, "note"),
    }
    given = {name: value for name, value in report.items() if value is not None}
    try:
        return OutcomeRequest.model_validate(given)
    except ValidationError as error:
        raise BadInput(f"The outcome cannot be reported: {explain(error)}.") from None


def parse_ai_result(value: Any) -> Any:
    """JSON where the text is JSON, else the text itself; `None` where it is blank.

    A number that JSON cannot keep as it is written (`1.10`, a long id) stays text, and so does an
    object that names a key twice.
    """
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        result = json.loads(value, parse_constant=_no_constant, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return value
    if isinstance(result, int | float) and not _kept(result, value):
        return value
    return result


def hold_seconds(parameters: Parameters) -> int:
    """How long `hold` may wait, in whole seconds: 240 where unset, 540 at most."""
    value = parameters.get("max_wait_seconds")
    if value is None or value == "":
        return DEFAULT_HOLD_SECONDS
    try:
        seconds = int(float(value))
    except (TypeError, ValueError, OverflowError):
        raise BadInput("max_wait_seconds must be a number of seconds.") from None
    return max(0, min(seconds, MAX_HOLD_SECONDS))


def _kept(number: float, written: str) -> bool:
    return json.dumps(number) == written.strip() and abs(number) <= MAX_INTEGER


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
