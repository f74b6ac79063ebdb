"""When labels disprove a contract: even the most review it allows leaves too many errors."""

from numpy.typing import ArrayLike

from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate import Certificate, Promise, RiskContract
from service.domain.decision import Thresholds, low_of
from service.thresholds import binomial
from service.thresholds.certify import evidence, tallies
from service.thresholds.controller import level_for, sureness, surer_than
from service.thresholds.sample import Sample


def disproven(certificate: Certificate, sample: Sample) -> bool:
    """Whether the labels tested say that even the most review allowed leaves too many errors.

    With P(Bin(n, alpha) >= k) <= delta for some promise, at the level that leaves just so much.
    """
    contract = certificate.contract
    _, testing = sample.split(certificate.seed)
    if len(testing) == 0:
        return False
    confidence = read_calibrator(certificate.calibrator).many(testing.scores, testing.spreads)
    thresholds = at_most_review(contract, confidence)
    approvals, rejections = tallies(thresholds, confidence, testing.labels, testing.doubted)
    return any(
        binomial.tail(wrong, trials, contract.promises[promise]) <= contract.delta_each
        for promise, wrong, trials in evidence(contract, approvals, rejections, len(testing))
    )


def at_most_review(contract: RiskContract, confidence: ArrayLike) -> Thresholds:
    """Thresholds that leave to people just what the contract allows, on the sides asked for."""
    level = level_for(1 - contract.review.max, sureness(confidence, contract))
    match tuple(contract.promises):
        case (Promise.WRONG_APPROVALS,):
            return Thresholds(low=None, high=level)
        case (Promise.WRONG_REJECTIONS,):
            return Thresholds(low=low_of(level), high=None)
        case _:
            return surer_than(level)
