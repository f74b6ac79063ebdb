"""How many more labels a gate needs for which automation, from what its labels show so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from service.domain.certificate import Promise, RiskContract, Target
from service.thresholds import binomial
from service.thresholds.certify import calibrator_for
from service.thresholds.rules import Counted, count
from service.thresholds.sample import FITTING_SHARE, Sample
from service.thresholds.trial import PRIOR_WEIGHT, rules_for

POWER = 0.8
"""A number of labels is called enough when the proof then succeeds in four cases of five."""

STEPS = 12
UPPER = 0.9
"""`most` belongs to a risk that the true one exceeds with a chance of 1 - UPPER."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What it takes to make `coverage`, a share of all items, automatic under one promise.

    More labels than there are now: `likely` so many, never below `fewest`, which takes all of them
    to be without an error, hardly above `most`. None where the risk seems to be (or, for `most`,
    may be) too high for any number of labels to prove it low.
    """

    promise: Promise
    coverage: float
    likely: int | None
    fewest: int
    most: int | None


def labels_needed(sample: Sample, contract: RiskContract) -> tuple[Outlook, ...]:
    """For every promise, what opens first and what it takes to open wider.

    A gate whose labels cannot tell good from bad yet gets one outlook per promise: everything,
    and the fewest labels without an error that could ever prove it.
    """
    outlooks: list[Outlook] = []
    for promise in contract.promises:
        found = (
            [] if sample.one_sided else _worth_telling(list(_outlooks(promise, sample, contract)))
        )
        outlooks += found or [_blank(promise, sample, contract)]
    return tuple(outlooks)


def _blank(promise: Promise, sample: Sample, contract: RiskContract) -> Outlook:
    clean = binomial.fewest_clean(contract.promises[promise], contract.delta_each)
    fewest = _more(clean, sample)
    return Outlook(promise=promise, coverage=1.0, likely=None, fewest=fewest, most=None)


def _outlooks(promise: Promise, sample: Sample, contract: RiskContract) -> Iterator[Outlook]:
    confidence = calibrator_for(sample).many(sample.scores, sample.spreads)
    rules = rules_for(promise, contract, confidence)
    counted = count(rules, confidence, sample.against(confidence, promise))
    decided = counted.decided
    if decided.size == 0 or decided[-1] == 0:
        return
    alpha, delta = contract.promises[promise], contract.delta_each
    ranks = np.linspace(max(1, decided[-1] / STEPS), decided[-1], STEPS)
    for place in map(int, np.unique(np.searchsorted(decided, ranks))):
        coverage = int(decided[place]) / len(sample)
        # Every label is a trial of the system error, and only a decided one of the others.
        of_all = contract.target is Target.SYSTEM_ERROR
        trial_share, error_share = (1.0, coverage) if of_all else (coverage, 1.0)
        trials = [
            binomial.labels_to_prove(risk * error_share, alpha, delta, power=POWER)
            for risk in _risks(counted, place)
        ]
        likely, most = (None if n is None else _more(n / trial_share, sample) for n in trials)
        fewest = _more(binomial.fewest_clean(alpha, delta) / trial_share, sample)
        yield Outlook(promise=promise, coverage=coverage, likely=likely, fewest=fewest, most=most)


def _risks(counted: Counted, place: int) -> tuple[float, float]:
    """The risk of a rule: likely, and hardly higher.

    The likely one as in the order of the tests but for half an error more, since what looks best
    so far is partly luck; the high one from the labels alone: the UPPER quantile of
    Beta(k + 1/2, n - k + 1/2), which is Jeffreys's posterior.
    """
    wrong, decided = int(counted.wrong[place]), int(counted.decided[place])
    prior = PRIOR_WEIGHT * float(counted.expected_wrong[place]) / decided
    likely = (wrong + prior + 0.5) / (decided + PRIOR_WEIGHT + 1)
    return likely, max(likely, binomial.beta_quantile(UPPER, wrong + 0.5, decided - wrong + 0.5))


def _more(tested: float, sample: Sample) -> int:
    """The labels missing until so many can test: the rest fits the calibrator and the order."""
    return max(0, ceil(tested * FITTING_SHARE / (FITTING_SHARE - 1)) - len(sample))


def _worth_telling(outlooks: list[Outlook]) -> list[Outlook]:
    """Without those that open less than another for as many labels, or more."""
    kept: list[Outlook] = []
    cheapest = float("inf")
    for outlook in reversed(outlooks):
        price = float("inf") if outlook.likely is None else outlook.likely
        if price < cheapest or not kept:
            kept.append(outlook)
        cheapest = min(cheapest, price)
    known = [outlook for outlook in kept if outlook.likely is not None]
    return list(reversed(known or kept))
