"""What a policy would have done with decisions that were recorded: zones, by the gate's own rule.

Whole batches at a time: a policy has few rules, and each is applied to all items under it at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.confidence.member_calibrator import read_calibrator
from service.confidence.members import rows_of
from service.domain.decision import Reason, Spread, Thresholds, Zone
from service.domain.errors import InvalidInput
from service.domain.gate import GatePolicy, Rule
from service.domain.recorded import RecordedItems
from service.thresholds.sample import Flags, Floats

ZONES = (Zone.AUTO_REJECT, Zone.HUMAN_REVIEW, Zone.AUTO_APPROVE)
REJECT, REVIEW, APPROVE = range(3)
_PLACES: Mapping[str | None, int] = {zone.value: place for place, zone in enumerate(ZONES)}

BY_THRESHOLDS = frozenset(
    {
        Reason.ABOVE_HIGH,
        Reason.BELOW_LOW,
        Reason.BETWEEN,
        Reason.UNCERTIFIED,
        Reason.UNKNOWN_CATEGORY,
        Reason.AUDIT_SAMPLE,
    }
)
"""Reasons that another policy could change. Any other sends an item to people whatever it says."""

type Codes = NDArray[np.int8]
type Calibrate = Callable[[Floats, Floats | None], Floats]
"""c of raw scores and, where several opinions stand behind each, their spreads (`rows_of`)."""

type CalibratorOf = Callable[[str], Calibrate | None]
"""The calibrator that comes with a source of scores; None where its model is not there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Replayed:
    """The zone of every item, as a place in ZONES. `known` is False where it cannot be said: the
    raw score is there, and not the calibrator that the policy would read it with."""

    zones: Codes
    known: Flags


def as_decided(zones: Sequence[str | None]) -> Replayed:
    """What was done at the time, or judged; unknown where nobody did."""
    places = np.array([_PLACES.get(zone, -1) for zone in zones], dtype=np.int8)
    return Replayed(zones=np.where(places < 0, REVIEW, places).astype(np.int8), known=places >= 0)


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """Replays policies of one gate. `versions` are the policies of then."""

    versions: Mapping[int, GatePolicy]
    calibrator_of: CalibratorOf

    def __call__(self, policy: GatePolicy, items: RecordedItems) -> Replayed:
        """What the policy would have done with each of the items."""
        zones = np.full(len(items), REVIEW, dtype=np.int8)
        known = np.ones(len(items), dtype=np.bool_)
        scores = _Scores.of(items)
        for (version, category, source), places in _groups(items):
            rule = policy.rule_for(category, source)
            if rule.uncertified:
                continue
            then = self.versions.get(version)
            if then is not None and then.rule_for(category, source).calibrator == rule.calibrator:
                confidence: Floats | None = scores.recorded[places]
            else:
                confidence = scores.read_by(self._calibrate(rule, source), places)
            if confidence is None:
                known[places] = False
            else:
                zones[places] = _zones(rule.thresholds, confidence)
        forced = np.array([r not in BY_THRESHOLDS for r in items.reasons], dtype=np.bool_)
        forced |= np.array(items.noted, dtype=np.bool_)
        zones[forced], known[forced] = REVIEW, True
        if policy.panel.holds:
            zones[_drawn(items)] = REVIEW
        return Replayed(zones=zones, known=known)

    def _calibrate(self, rule: Rule, source: str | None) -> Calibrate | None:
        """How the gate would read such scores under the rule."""
        if rule.calibrator is not None:
            return read_calibrator(rule.calibrator).many
        if source is not None and source.startswith("signal:"):
            return lambda raw, _: raw
        return self.calibrator_of(source or "")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scores:
    raw: Floats
    recorded: Floats
    spreads: Sequence[Spread | None]

    @classmethod
    def of(cls, items: RecordedItems) -> "_Scores":
        return cls(
            raw=_floats(items.raw_scores),
            recorded=_floats(items.confidences),
            spreads=items.spreads,
        )

    def read_by(self, calibrate: Calibrate | None, places: NDArray[np.int64]) -> Floats | None:
        """c by another calibrator than was used; None where there is none, or it wants to know
        more of the scores than is recorded."""
        if calibrate is None:
            return None
        confidence = np.full(places.size, np.nan)
        there = ~np.isnan(self.raw[places])
        scored = places[there]
        spreads = [self.spreads[place] for place in scored]
        known = [spread for spread in spreads if spread is not None]
        rows = rows_of(known) if known and len(known) == len(spreads) else None
        try:
            if scored.size:
                confidence[there] = calibrate(self.raw[scored], rows)
        except InvalidInput:
            return None
        return confidence


def _zones(thresholds: Thresholds, confidence: Floats) -> Codes:
    """`Thresholds.zone` of many: NaN is above and below nothing, so it is review."""
    low = -np.inf if thresholds.low is None else thresholds.low
    high = np.inf if thresholds.high is None else thresholds.high
    zones = np.full(confidence.size, REVIEW, dtype=np.int8)
    zones[confidence <= low] = REJECT
    zones[confidence > high] = APPROVE
    return zones


def _drawn(items: RecordedItems) -> Flags:
    """The items that the panel drew. Of those that nothing was certified for, all are a panel,
    and whether the lot fell on one is not known."""
    panel = np.array(items.panel, dtype=np.bool_)
    return panel & np.array([r != Reason.UNCERTIFIED for r in items.reasons], dtype=np.bool_)


type Key = tuple[int, str | None, str | None]


def _groups(items: RecordedItems) -> list[tuple[Key, NDArray[np.int64]]]:
    """The places of the items by policy version, category and source of the score."""
    keys: dict[Key, int] = {}
    rows = zip(items.versions, items.categories, items.sources, strict=True)
    codes = np.array([keys.setdefault(row, len(keys)) for row in rows], dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    borders = np.searchsorted(codes[order], np.arange(1, len(keys)))
    return list(zip(keys, np.split(order, borders), strict=True))


def _floats(values: object) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN
