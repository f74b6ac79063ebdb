"""A gate's categories: the thresholds of each, where they come from, and how many labels it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.decision import Thresholds
from service.domain.gate import GatePolicy


class Own(StrEnum):
    """Where a category's thresholds come from."""

    BY_HAND = "by_hand"
    CERTIFICATE = "certificate"
    INHERITED = "inherited"
    UNKNOWN = "unknown"  # people decide
    DOUBTED = "doubted"  # its own labels speak against what it would inherit: closed


@dataclass(frozen=True, kw_only=True)
class Category:
    name: str
    aliases: tuple[str, ...]
    own: Own
    thresholds: Thresholds
    labels: int


def categories_of(policy: GatePolicy, labels: Mapping[str, int]) -> list[Category]:
    """Those that the gate knows, by hand or from labels, and others with labels; by name."""
    known = {*policy.categories, *policy.aliases, *filter(None, policy.certified)}
    names = sorted({*known, *labels})
    return [
        Category(
            name=name,
            aliases=policy.aliases.get(name, ()),
            own=_own(policy, name),
            thresholds=policy.rule_for(name).thresholds,
            labels=labels.get(name, 0),
        )
        for name in names
    ]


def _own(policy: GatePolicy, name: str) -> Own:
    if name in policy.categories:
        return Own.BY_HAND
    if policy.rule_for(name).unknown_category:
        return Own.UNKNOWN
    earned, whole = policy.certified.get(name), policy.certified.get(None)
    if earned is None or earned == whole:
        return Own.INHERITED
    same = whole is not None and earned.certificate == whole.certificate
    return Own.DOUBTED if same else Own.CERTIFICATE
