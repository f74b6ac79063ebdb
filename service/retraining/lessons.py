"""Which labels train, which tune, which judge, and which certify: disjoint, and in that order in
time."""

import hashlib
import json
import unicodedata
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from service.domain.decision import Decision, Item, Reads
from service.domain.errors import TooFewLabels
from service.domain.ids import DecisionId
from service.domain.labelled import LabelledItem
from service.thresholds.quality import JudgedLabel

MOST_LESSONS = 50_000
MOST_JUDGES = 20_000
"""The newest so many are kept: what is older tells less of what is to come, and all must fit into
memory."""
FEWEST_LESSONS = 200
FEWEST_OF_A_KIND = 20
FEWEST_JUDGES = 100
TUNES = 0.2
"""The newest share of the lessons: it sets how far to trust the others, and the calibrator."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """An item, and whether approving it was right; of the panel's, what the label weighs, and
    whether people disagree about it."""

    item: Item
    right: bool
    category: str | None
    decision_id: DecisionId
    decided_at: datetime
    weight: float = 1.0
    doubted: bool = False


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`train` and `tune` were known before `cut`; `judge` and `certify`, the panel's, were decided
    from it on. `twins` are lessons left out because the panel has the same item."""

    train: Sequence[Lesson]
    tune: Sequence[Lesson]
    judge: Sequence[Lesson]
    certify: Sequence[Lesson]
    cut: datetime
    twins: int


@dataclass(kw_only=True)
class Lessons:
    """What may be learned from, and the panel, gathered while the data set goes by. `borne_out` are
    the panel's labels as what other people said of the same items bears them out. What the panel
    said up to `since`, the last alarm, no longer counts."""

    reads: Reads
    since: datetime | None = None
    borne_out: Mapping[DecisionId, JudgedLabel] = field(default_factory=dict)
    _others: deque[tuple[datetime, Lesson]] = field(
        default_factory=lambda: deque(maxlen=MOST_LESSONS)
    )
    _panel: deque[Lesson] = field(default_factory=lambda: deque(maxlen=MOST_JUDGES))
    _settled: set[str] = field(default_factory=set)

    def add(self, one: LabelledItem) -> None:
        """Take an item, oldest first. What a guard noted never comes to the thresholds; and the
        panel's word is what people said of all it drew, not what was complained of."""
        if one.panel and one.said is not None:
            self._settled.add(one.decision_id)
        if one.guarded or not one.item.has(self.reads):
            return
        if not one.panel:
            self._others.append((one.known_at, _lesson(one, one.right)))
        elif one.said is not None and (self.since is None or one.said.at > self.since):
            self._panel.append(self._of_panel(one, one.said.right))

    @property
    def missing(self) -> list[DecisionId]:
        """The panel's labels that the data set has no row of: people have answered, and the item's
        task is still open, or its deadline came first."""
        found = [
            label
            for label in self.borne_out.values()
            if label.decision_id not in self._settled
            and (self.since is None or label.at > self.since)
        ]
        return [one.decision_id for one in sorted(found, key=lambda one: one.at)[-MOST_JUDGES:]]

    def add_unsettled(self, decision: Decision) -> None:
        """Take one of the `missing`. They are as much of the panel as the others: leaving them out
        would leave the items that people agree about."""
        if decision.assessment.notes or not decision.item.has(self.reads):
            return
        label = self.borne_out[decision.id]
        self._panel.append(
            Lesson(
                item=decision.item,
                right=label.right,
                category=decision.category,
                decision_id=decision.id,
                decided_at=decision.created_at,
                weight=label.weight,
                doubted=label.doubted,
            )
        )

    def _of_panel(self, one: LabelledItem, said: bool) -> Lesson:
        label = self.borne_out.get(one.decision_id)
        if label is None:
            return _lesson(one, said)
        lesson = _lesson(one, label.right)
        return replace(lesson, weight=label.weight, doubted=label.doubted)

    def parts(self, *, certify: bool) -> Parts:
        """Divide them. With `certify` every other panel item, by lot, is kept from the judgement
        for a certificate. Raises TooFewLabels, saying what is lacking."""
        learned = sorted(self._others, key=lambda known: known[0])
        _demand(len(learned), FEWEST_LESSONS, "outside the panel")
        begun = learned[0][0]
        panel = sorted(self._panel, key=lambda one: (one.decided_at, one.decision_id))
        later = [one for one in panel if one.decided_at > begun]
        _demand(len(later), FEWEST_JUDGES, "of the panel since the first other label")
        judges = later[len(later) // 2 :]
        cut = judges[0].decided_at
        known = [one for at, one in learned if at < cut]
        seen = {_likeness(one.item) for one in judges}
        lessons = [one for one in known if _likeness(one.item) not in seen]
        _demand(len(lessons), FEWEST_LESSONS, "outside the panel, from before the half that judges")
        tunes = round(TUNES * len(lessons))
        train, tune = lessons[:-tunes], lessons[-tunes:]
        for part in (train, tune):
            kinds = [sum(one.right is kind for one in part) for kind in (True, False)]
            _demand(min(kinds), FEWEST_OF_A_KIND, "of the rarer kind in each part of the lessons")
        certifying = [one for one in judges if certify and _lot(one)]
        judging = [one for one in judges if not (one.doubted or (certify and _lot(one)))]
        _demand(len(judging), FEWEST_JUDGES // 2, "of the panel to judge")
        return Parts(
            train=train,
            tune=tune,
            judge=judging,
            certify=certifying,
            cut=cut,
            twins=len(known) - len(lessons),
        )


def _lesson(one: LabelledItem, right: bool) -> Lesson:
    return Lesson(
        item=one.item,
        right=right,
        category=one.category,
        decision_id=one.decision_id,
        decided_at=one.decided_at,
    )


def _lot(one: Lesson) -> bool:
    """By lot, and always the same: by the hash of the decision's id, which says nothing of it."""
    return hashlib.sha256(f"certify {one.decision_id}".encode()).digest()[0] % 2 == 0


def _likeness(item: Item) -> str:
    """What two items share that read alike: small letters, plain forms, single blanks."""
    text = " ".join(unicodedata.normalize("NFKC", item.text or "").casefold().split())
    return json.dumps([text, dict(item.fields)], sort_keys=True)


def _demand(found: int, fewest: int, which: str) -> None:
    if found < fewest:
        raise TooFewLabels(
            f"There are {found:,} labels {which}, and retraining takes {fewest:,}.",
            fix="Let more be reviewed.",
        )
