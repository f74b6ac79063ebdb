"""How good a gate's reviewers are, and what their answers therefore weigh.

Computed anew from the stored answers to items that several people answered (`reviewers.consensus`).
A label of several answers is their consensus. One that stays below SURE is in doubt: leaving it out
would be to choose the items that are easy, so it counts as an error of the gate, whatever the gate
says of it. A label of one answer counts as it is; that its reviewer may err adds to the risk
measured wherever those errors have nothing to do with the gate's, as blind ones have not. How good
the reviewer is decides what the label weighs where a calibrator is fitted.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property

import numpy as np

from service.domain.ids import DecisionId
from service.domain.label import Label, SharedAnswer
from service.thresholds.audits import interval
from service.thresholds.reviewers import SURE, Answers, Consensus, agreement, consensus
from service.thresholds.sample import Floats

LEAST_WEIGHT = 0.05
"""Of a label, where a calibrator is fitted: a coin weighs next to nothing, and is counted."""


class Agreement(StrEnum):
    """What Krippendorff says of an alpha, the best first."""

    RELIABLE = "reliable"
    TENTATIVE = "tentative"
    UNRELIABLE = "unreliable"


LEAST_ALPHA = {
    Agreement.RELIABLE: 0.8,
    Agreement.TENTATIVE: 0.667,
    Agreement.UNRELIABLE: -math.inf,
}


@dataclass(frozen=True, kw_only=True)
class JudgedLabel(Label):
    """A label with what it weighs, in (0, 1], and whether people disagree about it."""

    weight: float = 1.0
    doubted: bool = False


@dataclass(frozen=True, kw_only=True)
class ReviewerQuality:
    """One reviewer: how many answers to items that others answered too, and how often they are
    right by the consensus of all, in [low, high] at 95 %."""

    name: str
    answers: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Quality:
    """What the answers to shared items say of those who gave them."""

    items: tuple[DecisionId, ...]
    names: tuple[str, ...]
    answers: Answers
    found: Consensus

    @classmethod
    def of(cls, said: Sequence[SharedAnswer]) -> "Quality | None":
        """None where no two people answered the same item."""
        told = [one for one in said if one.right is not None]
        people: dict[DecisionId, set[str]] = {}
        for one in told:
            people.setdefault(one.decision_id, set()).add(one.reviewer)
        shared = [one for one in told if len(people[one.decision_id]) > 1]
        if not shared:
            return None
        items = _numbered(one.decision_id for one in shared)
        names = _numbered(one.reviewer for one in shared)
        answers = Answers.of(
            [items[one.decision_id] for one in shared],
            [names[one.reviewer] for one in shared],
            [int(bool(one.right)) for one in shared],
        )
        return cls(
            items=tuple(items), names=tuple(names), answers=answers, found=consensus(answers)
        )

    @property
    def alpha(self) -> float:
        """Krippendorff's alpha: 1 where all agree, 0 where they do as by chance."""
        return agreement(self.answers)

    @property
    def agreement(self) -> "Agreement":
        """What alpha means in a word."""
        return next(word for word in Agreement if self.alpha >= LEAST_ALPHA[word])

    @cached_property
    def truth(self) -> dict[DecisionId, float]:
        """P(approving is right) of every shared item."""
        return dict(zip(self.items, self.found.truth[:, 1].tolist(), strict=True))

    @cached_property
    def accuracy(self) -> dict[str, float]:
        """How often every reviewer is right."""
        return dict(zip(self.names, self.found.accuracy.tolist(), strict=True))

    @property
    def usual_accuracy(self) -> float:
        """How often a reviewer is right of whom nothing is known."""
        return float(np.mean(list(self.accuracy.values())))

    def surely(self, given: Sequence[tuple[str, bool]]) -> float:
        """P(the likelier truth) after these answers of (reviewer, approving is right)."""
        places = {name: place for place, name in enumerate(self.names)}
        usual = self.usual_accuracy
        logs = np.log(self.found.shares)
        for name, right in given:
            place = places.get(name)
            chances = (
                np.where(np.arange(2) == int(right), usual, 1 - usual)
                if place is None
                else self.found.confusion[place, :, int(right)]
            )
            logs = logs + np.log(np.maximum(chances, 1e-12))
        weights = np.exp(logs - logs.max())
        return float((weights / weights.sum()).max())

    @property
    def reviewers(self) -> tuple[ReviewerQuality, ...]:
        """Each reviewer of shared items, those with the most answers first."""
        truth: Floats = self.found.truth[self.answers.item, self.answers.label]
        found = []
        for place, name in enumerate(self.names):
            right = truth[self.answers.reviewer == place]
            low, high = interval(float(right.mean()), np.ones(right.size))
            found.append(
                ReviewerQuality(
                    name=name,
                    answers=right.size,
                    accuracy=float(right.mean()),
                    low=low,
                    high=high,
                )
            )
        return tuple(sorted(found, key=lambda one: (-one.answers, one.name)))


def judged(labels: Sequence[Label], said: Sequence[SharedAnswer]) -> list[JudgedLabel]:
    """The labels as the answers to them bear out. Those of one answer alone stay as they are."""
    quality = Quality.of(said)
    unsure = {one.decision_id for one in said if one.right is None}
    answered = {one.decision_id for one in said if one.right is not None}
    return [_judged(label, quality, label.decision_id in unsure - answered) for label in labels]


def _judged(label: Label, quality: Quality | None, nobody_knew: bool) -> JudgedLabel:
    whole = {field.name: getattr(label, field.name) for field in fields(label)}
    if nobody_knew:
        return JudgedLabel(**whole, weight=LEAST_WEIGHT, doubted=True)
    if quality is None:
        return JudgedLabel(**whole)
    truth = quality.truth.get(label.decision_id)
    if truth is None:
        return JudgedLabel(
            **whole, weight=_weight(quality.accuracy.get(label.reviewer, quality.usual_accuracy))
        )
    sure = max(truth, 1 - truth)
    whole["right"] = truth >= 0.5
    return JudgedLabel(**whole, weight=_weight(sure), doubted=sure < SURE)


def _numbered[Name: str](names: Iterable[Name]) -> dict[Name, int]:
    """Each name's place among those that are there, in the order of their first mention."""
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def _weight(sure: float) -> float:
    """2 P(right) - 1: a label that is as good as a coin's says nothing."""
    return max(LEAST_WEIGHT, 2 * sure - 1)
