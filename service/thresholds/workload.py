"""What a gate asks of people in a day, held against what they can do."""

from dataclasses import dataclass

import numpy as np

from service.domain.certificate import ReviewBounds
from service.domain.gate import GatePolicy
from service.domain.recorded import RecordedItems
from service.thresholds.replay import REVIEW, Replayer


@dataclass(frozen=True, kw_only=True)
class Workload:
    """`items_a_day` come to the gate, people see `share` of them, and each of these takes `answers`
    people on average; `capacity` is how many reviews a day the contract says that they can do."""

    items_a_day: float
    share: float
    answers: float
    capacity: int | None = None

    @property
    def reviews_a_day(self) -> float:
        return self.items_a_day * self.share * self.answers

    @property
    def exceeded(self) -> bool:
        """Whether more is asked of people than they can do."""
        return self.capacity is not None and self.reviews_a_day > self.capacity

    def within(self, review: ReviewBounds) -> ReviewBounds:
        """The bounds on review with no more than people can do; the least that was agreed stays."""
        if self.capacity is None or not self.items_a_day:
            return review
        most = self.capacity / (self.items_a_day * self.answers)
        return ReviewBounds(min=review.min, max=max(review.min, min(review.max, most)))


def share_for_people(policy: GatePolicy, items: RecordedItems) -> float | None:
    """The share of items like these that people see under the policy: what is not automatic, and
    what the panel and the audits draw of the rest. None where none of the items tells."""
    replayed = Replayer(versions={}, calibrator_of=lambda _: None)(policy, items)
    zones = replayed.zones[replayed.known]
    if zones.size == 0:
        return None
    reviewed = float(np.mean(zones == REVIEW))
    panel = 0.0 if policy.panel.holds else policy.panel_share
    audited = panel + (1 - panel) * policy.audits.share
    return reviewed + audited * (1 - reviewed)
