"""What sets two policies of a gate apart: what they say, and which decisions they move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.configuration.writing import section_of
from service.domain.decision import Zone
from service.domain.gate import GatePolicy
from service.thresholds.replay import ZONES
from service.web.pages.gate_form import OF_THE_FORM, SHARES


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key of the policy, then and now; `field` is its place in the form, if it has one."""

    key: str
    field: str | None
    then: str
    now: str


def differences(then: GatePolicy, now: GatePolicy) -> list[Difference]:
    """The keys that the two policies do not say alike."""
    old, new = _flat(section_of(then)), _flat(section_of(now))
    return [
        Difference(
            key=key,
            field=OF_THE_FORM.get(key),
            then=_said(key, old.get(key)),
            now=_said(key, new.get(key)),
        )
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.items():
        # A category may be named and nothing else said of it.
        if isinstance(value, Mapping) and (value or not prefix):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def _said(key: str, value: Any) -> str:
    match value:
        case float() if key in SHARES.values():
            return f"{100 * value:.10g}%"
        case None:
            return "–"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value)) or "–"
        case _:
            return str(value)


def moves(moved: Sequence[Sequence[int]]) -> list[tuple[Zone, Zone, int]]:
    """How many decisions go from which zone to which other, the most first."""
    found = [
        (ZONES[a], ZONES[b], n)
        for a, row in enumerate(moved)
        for b, n in enumerate(row)
        if a != b and n
    ]
    return sorted(found, key=lambda move: -move[2])
