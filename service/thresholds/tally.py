"""What is known of a policy's errors, its review and its cost, from the zones that items got.

Three things are kept apart. What the *panel* says: its items were drawn whatever their scores, so
the share of errors among them estimates that of all, with an exact interval (Clopper and Pearson
1934). What *anybody* said of an item, which bounds the errors from below. And what *nobody* said:
an automatic answer without a label may be right or wrong, so the errors lie in a range.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.domain.certificate import Costs
from service.domain.decision import Zone
from service.domain.ids import DecisionId
from service.domain.recorded import RecordedItems
from service.thresholds import binomial
from service.thresholds.replay import APPROVE, REJECT, REVIEW, ZONES, Codes, Replayed
from service.thresholds.sample import Flags

CONFIDENCE = 0.95
"""Of the intervals, two-sided."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """`count` of `of`, and where the true share lies with CONFIDENCE: [low, high] in [0, 1].

    `value` is None, and the interval everything, where nothing was observed.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None


@dataclass(frozen=True, kw_only=True)
class Side:
    """Automatic answers of one kind: how many, how many of them somebody judged, and how many of
    these are wrong; `panel` is the share of wrong ones among those that the panel judged."""

    decided: int
    judged: int
    wrong: int
    panel: Share

    @property
    def most_wrong(self) -> int:
        """If all that nobody judged were wrong; `wrong` is if none were."""
        return self.wrong + self.decided - self.judged


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Per item. `value` in [low, high] is by the panel, None without one; [least, most] is what
    remains possible for these very items, whatever is true of those that nobody judged."""

    value: float | None
    low: float
    high: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a policy did to `items`. `audits` is the share of all items that the panel would ask
    people about besides the reviews."""

    items: int
    reviews: int
    approvals: Side
    rejections: Side
    wrong_answers: Share
    system_error: Share
    audits: float
    cost: Cost | None

    @property
    def automation(self) -> float:
        """The share of items that no one has to look at for a decision."""
        return 1 - self.reviews / self.items if self.items else 0.0


@dataclass(kw_only=True)
class Tally:
    """Counts for one policy, batch by batch."""

    zones: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    judged: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    wrong: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    in_panel: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    panel_wrong: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))

    def add(self, zones: Codes, labels: "Labels") -> None:
        """Count items in these zones."""
        self.zones += _count(zones, np.ones(zones.size, dtype=np.bool_))
        self.judged += _count(zones, labels.judged)
        self.wrong += _count(zones, labels.judged & _is_wrong(zones, labels.right))
        self.in_panel += _count(zones, labels.in_panel)
        self.panel_wrong += _count(zones, labels.in_panel & _is_wrong(zones, labels.said))

    def figures(self, *, panel_share: float, costs: Costs | None) -> Figures:
        """What the counts say. `panel_share` is the policy's, 0 where its panel holds."""
        items, reviews = int(self.zones.sum()), int(self.zones[REVIEW])
        panel, wrong = int(self.in_panel.sum()), self.panel_wrong
        automatic = panel - int(self.in_panel[REVIEW])
        audits = panel_share * (1 - reviews / items) if items else 0.0
        return Figures(
            items=items,
            reviews=reviews,
            approvals=self._side(APPROVE),
            rejections=self._side(REJECT),
            wrong_answers=share_of(int(wrong[APPROVE] + wrong[REJECT]), automatic),
            system_error=share_of(int(wrong[APPROVE] + wrong[REJECT]), panel),
            audits=audits,
            cost=self._cost(costs, audits) if costs and items else None,
        )

    def _side(self, zone: int) -> Side:
        return Side(
            decided=int(self.zones[zone]),
            judged=int(self.judged[zone]),
            wrong=int(self.wrong[zone]),
            panel=share_of(int(self.panel_wrong[zone]), int(self.in_panel[zone])),
        )

    def _cost(self, costs: Costs, audits: float) -> Cost:
        items, panel = int(self.zones.sum()), int(self.in_panel.sum())
        # Both kinds of error at once: each interval may be wrong half as often.
        approvals, rejections = (
            share_of(int(self.panel_wrong[zone]), panel, 1 - (1 - CONFIDENCE) / 2)
            for zone in (APPROVE, REJECT)
        )
        surely = costs.scoring + costs.review * (int(self.zones[REVIEW]) / items + audits)

        def cost(wrong_approvals: float, wrong_rejections: float) -> float:
            errors = wrong_approvals * costs.wrong_approval
            return surely + errors + wrong_rejections * costs.wrong_rejection

        sides = self._side(APPROVE), self._side(REJECT)
        return Cost(
            value=cost(approvals.count / panel, rejections.count / panel) if panel else None,
            low=cost(approvals.low, rejections.low),
            high=cost(approvals.high, rejections.high),
            least=cost(*(side.wrong / items for side in sides)),
            most=cost(*(side.most_wrong / items for side in sides)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """What was said of items: `said` is the label, `right` what turned out later, else that."""

    judged: Flags
    right: Flags
    in_panel: Flags
    said: Flags

    @classmethod
    def of(cls, items: RecordedItems) -> "Labels":
        said, truths = _three(items.right), _three(items.truths)
        best = np.where(truths >= 0, truths, said)
        panel = np.array(items.panel, dtype=np.bool_)
        return cls(judged=best >= 0, right=best == 1, in_panel=panel & (said >= 0), said=said == 1)


@dataclass(frozen=True, kw_only=True)
class Parting:
    """An item that two policies put into different zones; `right` is whether approving it is, as
    far as somebody said."""

    decision_id: DecisionId
    one: Zone
    other: Zone
    right: bool | None


@dataclass(kw_only=True)
class Comparison:
    """Two policies on the same items: `moved[a, b]` went from zone a of the one to b of the other.

    Items that either cannot be replayed on are left out of both, and counted. The first
    `examples` items that they part on are kept, but none that people have still to answer: it
    would tell them what the AI thinks.
    """

    examples: int = 0
    partings: list[Parting] = field(default_factory=list)

    one: Tally = field(default_factory=Tally)
    other: Tally = field(default_factory=Tally)
    moved: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 3), dtype=np.int64))
    unknown: int = 0

    def add(self, one: Replayed, other: Replayed, items: RecordedItems) -> None:
        known = one.known & other.known
        labels = Labels.of(items)
        self._note_partings(one, other, items, labels)
        if not known.all():
            self.unknown += int(np.count_nonzero(~known))
            labels = Labels(**{name: column[known] for name, column in vars(labels).items()})
        zones, others = one.zones[known], other.zones[known]
        self.one.add(zones, labels)
        self.other.add(others, labels)
        pairs = np.bincount(3 * zones.astype(np.int64) + others, minlength=9)
        self.moved += pairs.reshape(3, 3)

    def _note_partings(
        self, one: Replayed, other: Replayed, items: RecordedItems, labels: Labels
    ) -> None:
        room = self.examples - len(self.partings)
        if room <= 0:
            return
        asked = np.array(items.panel, dtype=np.bool_)
        asked |= np.array([zone == Zone.HUMAN_REVIEW for zone in items.zones], dtype=np.bool_)
        part = one.known & other.known & (one.zones != other.zones) & (labels.judged | ~asked)
        self.partings += [
            Parting(
                decision_id=items.ids[at],
                one=ZONES[one.zones[at]],
                other=ZONES[other.zones[at]],
                right=bool(labels.right[at]) if labels.judged[at] else None,
            )
            for at in np.flatnonzero(part)[:room].tolist()
        ]

    @property
    def agreement(self) -> Share:
        """The share of items that both put into the same zone."""
        return share_of(int(np.trace(self.moved)), int(self.moved.sum()))


def share_of(count: int, of: int, confidence: float = CONFIDENCE) -> Share:
    """The share, with its Clopper-Pearson interval."""
    tail = (1 - confidence) / 2
    return Share(
        count=count,
        of=of,
        low=1 - binomial.upper_bound(of - count, of, tail) if count else 0.0,
        high=binomial.upper_bound(count, of, tail) if of else 1.0,
    )


def _count(zones: Codes, among: Flags) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.bincount(zones[among], minlength=len(ZONES))
    return counts


def _is_wrong(zones: Codes, right: Flags) -> Flags:
    return np.where(zones == APPROVE, ~right, (zones == REJECT) & right)


def _three(values: object) -> NDArray[np.int8]:
    """1, 0, or -1 where nobody said."""
    found = np.array(values, dtype=np.float64)
    return np.where(np.isnan(found), -1, found).astype(np.int8)
