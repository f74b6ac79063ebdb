"""The policies that are compared: what each does with a test part, given what it may learn from.

None of them sees a label of the test part, but for the two that the source describes: their rule
learns from how the latest items went, window by window, as it would at work.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from experiments.certificates import contract_for
from experiments.study.measures import Answers, surest_first
from experiments.study.opinions import ENSEMBLE
from experiments.study.sets import Floats
from service.confidence.calibrators import AnyCalibrator, choose
from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate import Certificate, Target
from service.domain.decision import Thresholds
from service.thresholds.certify import calibrator_for, certify
from service.thresholds.sample import Sample
from service.thresholds.strategies import RewardRule, Window

ALPHAS = (0.01, 0.02, 0.05)
WINDOW = 100
"""After so many items the source's rule moves its thresholds."""
TO_PEOPLE = 0.15
"""The share of items that the ranking alone gives to people: the published bar's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Scores of the calibration and the test part by model, and their labels. `one` names the
    model that stands for a single one; `members` are those of the ensemble."""

    calibration: Mapping[str, Floats]
    test: Mapping[str, Floats]
    calibration_labels: Floats
    test_labels: Floats
    one: str
    _calibrators: dict[str, AnyCalibrator] = field(default_factory=dict, repr=False)

    def c(self, model: str) -> Floats:
        """c of the test part: a model's score, calibrated on the calibration part."""
        return self._calibrator(model).many(self.test[model])

    def c_of_calibration(self, model: str) -> Floats:
        """c of the calibration part itself."""
        return self._calibrator(model).many(self.calibration[model])

    @property
    def members(self) -> list[str]:
        return [name for name in self.test if name != ENSEMBLE]

    @cached_property
    def agreement(self) -> Floats:
        """The share of members that would approve: the source's confidence, turned to one side."""
        shares: Floats = np.mean([self.test[name] > 0.5 for name in self.members], axis=0)
        return shares

    @cached_property
    def sample(self) -> Sample:
        """The calibration part, to certify on."""
        return Sample.of(self.calibration[ENSEMBLE], self.calibration_labels)

    @cached_property
    def fitted(self) -> AnyCalibrator:
        """The calibrator that a certificate of this sample would choose, whatever it promises."""
        return calibrator_for(self.sample.split(0)[0])

    def _calibrator(self, model: str) -> AnyCalibrator:
        if model not in self._calibrators:
            found = choose(self.calibration[model], self.calibration_labels)
            self._calibrators[model] = found.calibrator
        return self._calibrators[model]


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """What a policy did, and the confidence it went by; None where it had none."""

    answers: Answers
    confidence: Floats | None
    certificate: Certificate | None = None


type Policy = Callable[[Case], Played]


def ai_alone(case: Case, model: str | None = None) -> Played:
    """The likelier answer, always."""
    c = case.c(model or case.one)
    return Played(answers=Answers(approved=c > 0.5, rejected=c <= 0.5), confidence=c)


def humans_alone(case: Case) -> Played:
    """People see everything."""
    nothing = np.zeros(case.test_labels.size, dtype=np.bool_)
    return Played(answers=Answers(approved=nothing, rejected=nothing), confidence=None)


def fixed(case: Case, *, low: float, high: float) -> Played:
    """Thresholds as written down, on the ensemble's calibrated confidence."""
    c = case.c(ENSEMBLE)
    return Played(answers=between(Thresholds(low=low, high=high), c), confidence=c)


def rewarded(case: Case, *, by_agreement: bool = False) -> Played:
    """The source's rule: thresholds move by the reward of each window of items."""
    c = case.agreement if by_agreement else case.c(ENSEMBLE)
    right, rule = case.test_labels == 1, RewardRule()
    approved, rejected = np.zeros((2, c.size), dtype=np.bool_)
    for start in range(0, c.size, WINDOW):
        now = slice(start, start + WINDOW)
        answers = between(rule.thresholds, c[now])
        approved[now], rejected[now] = answers.approved, answers.rejected
        wrong = (answers.approved & ~right[now]) | (answers.rejected & right[now])
        seen = Window(accuracy=1 - float(wrong.mean()), review=float(answers.reviewed.mean()))
        rule = rule.after(seen)
    return Played(answers=Answers(approved=approved, rejected=rejected), confidence=c)


def least_sure_to_people(case: Case) -> Played:
    """A fixed share to people, the least sure of all: a ranking, and no promise."""
    c = case.c(ENSEMBLE)
    automatic = np.zeros(c.size, dtype=np.bool_)
    automatic[surest_first(c)[: c.size - round(TO_PEOPLE * c.size)]] = True
    answers = Answers(approved=automatic & (c > 0.5), rejected=automatic & (c <= 0.5))
    return Played(answers=answers, confidence=c)


def ours(case: Case, *, target: Target, alpha: float) -> Played:
    """Certified thresholds."""
    found = certify(case.sample, contract_for(target, alpha), calibrator=case.fitted)
    c = read_calibrator(found.calibrator).many(case.test[ENSEMBLE])
    return Played(answers=between(found.thresholds, c), confidence=c, certificate=found)


def between(thresholds: Thresholds, c: Floats) -> Answers:
    """The gate's own rule."""
    low = -np.inf if thresholds.low is None else thresholds.low
    high = np.inf if thresholds.high is None else thresholds.high
    return Answers(approved=c > high, rejected=c <= low)


POLICIES: dict[str, Policy] = {
    "AI alone, one model": ai_alone,
    "AI alone, ensemble": partial(ai_alone, model=ENSEMBLE),
    "humans alone": humans_alone,
    "fixed .80/.30": partial(fixed, low=0.30, high=0.80),
    "fixed .85/.30": partial(fixed, low=0.30, high=0.85),
    "dynamic (source)": rewarded,
    "ensemble + adaptive (source)": partial(rewarded, by_agreement=True),
    f"least sure {TO_PEOPLE:.0%} to people": least_sure_to_people,
    **{
        f"ours: {target}, {alpha:.0%}": partial(ours, target=target, alpha=alpha)
        for target in Target
        for alpha in ALPHAS
    },
}
