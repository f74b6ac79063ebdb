"""A certificate for the gate, and one of its own for every category with labels enough.

Which category gets its own depends on how many labels it has, never on what they say. The gate's
certificate is made from the others, since it is them that it then decides. Each certificate spends
its own delta.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate import Certificate, RiskContract, Tally
from service.domain.decision import Thresholds
from service.thresholds import binomial
from service.thresholds.certify import certify, evidence, tallies
from service.thresholds.sample import FITTING_SHARE, Sample
from service.thresholds.trial import CLOSED

OWN_TRIALS = 2
"""A category is tested by itself from so many times the fewest clean labels on."""

DOUBT = 0.05
"""A category does not inherit what its own labels speak against this clearly."""


@dataclass(frozen=True, kw_only=True)
class Inherited:
    """A category under the gate's thresholds, for want of labels of its own.

    `approvals` and `rejections` are what those do to its own tested labels. `doubted` where these
    go wrong more often than the gate's limit explains: then its thresholds are closed.
    """

    thresholds: Thresholds
    labels: int
    approvals: Tally
    rejections: Tally
    doubted: bool


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """The gate's certificate, the categories' own, and the categories that inherit the gate's."""

    gate: Certificate
    own: Mapping[str, Certificate]
    inherited: Mapping[str, Inherited]


def certify_categories(sample: Sample, contract: RiskContract, *, seed: int = 0) -> Certificates:
    """Every certificate that the labels support. Items without a category have the name ""."""
    names = np.zeros(len(sample), dtype=np.str_) if sample.categories is None else sample.categories
    found, sizes = np.unique(names, return_counts=True)
    enough = _labels_for_its_own(contract)
    own = {str(name) for name, size in zip(found, sizes, strict=True) if name and size >= enough}
    rest = sample.where(~np.isin(names, sorted(own)))
    gate = certify(rest, contract, seed=seed)
    return Certificates(
        gate=gate,
        own={
            name: certify(sample.where(names == name), contract, seed=seed, scope=name)
            for name in sorted(own)
        },
        inherited={
            str(name): _inherited(str(name), gate, rest)
            for name in found
            if name and name not in own
        },
    )


def _labels_for_its_own(contract: RiskContract) -> float:
    fewest = max(
        binomial.fewest_clean(alpha, contract.delta_each) for alpha in contract.promises.values()
    )
    return OWN_TRIALS * fewest * FITTING_SHARE / (FITTING_SHARE - 1)


def _inherited(name: str, gate: Certificate, rest: Sample) -> Inherited:
    assert rest.categories is not None
    _, testing = rest.split(gate.seed)
    assert testing.categories is not None
    of_it = testing.where(testing.categories == name)
    confidence = read_calibrator(gate.calibrator).many(of_it.scores, of_it.spreads)
    approvals, rejections = tallies(gate.thresholds, confidence, of_it.labels, of_it.doubted)
    doubted = any(
        binomial.tail(wrong, trials, gate.contract.promises[promise]) < DOUBT
        for promise, wrong, trials in evidence(gate.contract, approvals, rejections, len(of_it))
    )
    return Inherited(
        thresholds=CLOSED if doubted else gate.thresholds,
        labels=int(np.count_nonzero(rest.categories == name)),
        approvals=approvals,
        rejections=rejections,
        doubted=doubted,
    )
