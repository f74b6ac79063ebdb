"""One look at a gate: does what its certificate promised still hold, and how much review is due?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.certificate import Promise, ReviewBounds, RiskContract
from service.domain.decision import Thresholds
from service.thresholds.controller import RATE, Controller, level_for, sureness
from service.thresholds.ecusum import ErrorAlarm
from service.thresholds.safety.watching import Audited, controlled, error_alarms
from service.thresholds.sample import Floats
from service.thresholds.shift import Reference, Shift, last_check


@dataclass(frozen=True, kw_only=True, eq=False)
class Recent:
    """The newest items' confidences, newest first, under what is certified: they turn shares of
    items into levels."""

    contract: RiskContract
    certified: Thresholds
    confidence: Floats

    def level(self, share: float) -> float | None:
        """The sureness that at most this share of the items is above; 1 without items, None where
        the certificate asks as much by itself."""
        if self.confidence.size == 0:
            return 1.0  # nothing is known of the items: decide none
        level = level_for(share, sureness(self.confidence, self.contract))
        return None if self.automatic(level) == self.automatic(None) else level

    def automatic(self, level: float | None) -> float:
        """The share of the items that the gate decides by itself at this level."""
        if self.confidence.size == 0:
            return 0.0
        rule = self.certified if level is None else self.certified.tightened(level)
        nothing = np.zeros(self.confidence.size, dtype=np.bool_)
        above = nothing if rule.high is None else self.confidence > rule.high
        below = nothing if rule.low is None else self.confidence <= rule.low
        return float((above | below).mean())


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a look has found. `shift` is None until ITEMS_A_CHECK items have come since the
    certificate; `alarms` have seen the panel's `labels` since the first one of its series."""

    shift: Shift | None
    alarms: Mapping[Promise, ErrorAlarm]
    labels: int
    share: float
    """The share of items that the controller would decide by itself."""

    @property
    def cause(self) -> str | None:
        """What there is to be alarmed about, if anything."""
        for promise, alarm in self.alarms.items():
            if alarm.alarm:
                return f"labels say that {promise.value} are above their limit"
        if self.shift is not None and self.shift.alarm:
            return "the confidences are no longer those of the certificate's time"
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a look has found, and the newest items to turn shares into levels."""

    watch: Watch
    recent: Recent


def look(
    recent: Recent,
    audited: Sequence[Audited],
    *,
    reference: Reference | None,
    items: int,
    review: ReviewBounds,
    rate: float = RATE,
) -> Seen:
    """Look at a gate.

    `audited` are the panel's labels since the first certificate of the series, oldest first;
    `items` is how many items have come since the last one, which keeps the `reference`; `review`
    is what the contract, and people, allow now.
    """
    start = Controller.starting_at(recent.automatic(None), review, rate)
    watch = Watch(
        shift=last_check(reference, recent.confidence, items),
        alarms=error_alarms(recent.contract, audited),
        labels=len(audited),
        share=controlled(start, recent.contract, audited).share,
    )
    return Seen(watch=watch, recent=recent)
