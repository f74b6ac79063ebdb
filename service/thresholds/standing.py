"""Where a gate stands with its contract, and what it therefore does: learn, run, hold, or say no.

LEARNING    what is certified is automatic, the rest goes to people; the most review that the
            contract allows is not kept yet
OPEN        both promises are kept
SAFE        an alarm: review at the most allowed, a large panel, until it can certify again
INFEASIBLE  the limit on errors and the limit on review exclude each other on these items

LEARNING, OPEN --certificate within the review bounds--> OPEN
LEARNING, OPEN --another, and the labels disprove the limit at the most review--> INFEASIBLE
LEARNING, OPEN --another--> LEARNING
LEARNING, OPEN --alarm--> SAFE        (SAFE and INFEASIBLE: stay)
SAFE, INFEASIBLE --certificate within the review bounds--> OPEN
SAFE, INFEASIBLE --another--> INFEASIBLE
"""

from dataclasses import dataclass, replace
from typing import assert_never

from numpy.typing import ArrayLike

from service.confidence.member_calibrator import read_calibrator
from service.domain.adaptation import Mode
from service.domain.certificate import Certificate, Promise, RiskContract
from service.domain.decision import Thresholds, low_of
from service.domain.errors import IllegalMove
from service.thresholds import binomial
from service.thresholds.certify import evidence, tallies
from service.thresholds.controller import (
    Controller,
    level_for,
    sureness,
    surer_than,
)
from service.thresholds.sample import Sample

LABELS_TO_CERTIFY_AGAIN = 1_200
SAFE_PANEL = 0.25


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A gate's mode, why, and how many labels of the panel have come since."""

    mode: Mode = Mode.LEARNING
    cause: str = "new"
    labels: int = 0

    @property
    def may_certify(self) -> bool:
        """Whether labels enough are there: after an alarm, those from before it no longer count."""
        return self.mode is not Mode.SAFE or self.labels >= LABELS_TO_CERTIFY_AGAIN


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """What to run: thresholds, and the share of items that join the blind panel."""

    thresholds: Thresholds
    panel_share: float


@dataclass(frozen=True, kw_only=True)
class Infeasible:
    """The contract's promises exclude each other: a person must choose which one gives way.

    `keeping_error` keeps the limit on errors and breaks the one on review, `keeping_review` the
    other way round. There is no third, and no default.
    """

    keeping_error: Thresholds
    keeping_review: Thresholds
    panel_share: float


type Plan = Automatic | Infeasible


def labelled(standing: Standing, labels: int = 1) -> Standing:
    """So many more labels of the panel."""
    return replace(standing, labels=standing.labels + labels)


def alarmed(standing: Standing, cause: str) -> Standing:
    """An alarm went off."""
    match standing.mode:
        case Mode.LEARNING | Mode.OPEN:
            return Standing(mode=Mode.SAFE, cause=cause)
        case Mode.SAFE | Mode.INFEASIBLE:
            return standing
        case _:
            assert_never(standing.mode)


def certified(standing: Standing, certificate: Certificate, sample: Sample) -> Standing:
    """A certificate was made from this sample. IllegalMove where the labels were not enough."""
    if not standing.may_certify:
        raise IllegalMove(
            f"Since the alarm there are {standing.labels} labels of {LABELS_TO_CERTIFY_AGAIN}."
        )
    if certificate.opens and certificate.within_review_bounds:
        return Standing(mode=Mode.OPEN, cause="certified")
    match standing.mode:
        case Mode.LEARNING | Mode.OPEN:
            if disproven(certificate, sample):
                return Standing(mode=Mode.INFEASIBLE, cause="limit disproven")
            return Standing(mode=Mode.LEARNING, cause="not certified within the review bounds")
        case Mode.SAFE | Mode.INFEASIBLE:
            return Standing(mode=Mode.INFEASIBLE, cause=standing.cause)
        case _:
            assert_never(standing.mode)


def disproven(certificate: Certificate, sample: Sample) -> bool:
    """Whether the labels tested say that even the most review allowed leaves too many errors.

    With P(Bin(n, alpha) >= k) <= delta for some promise, at the level that leaves just so much.
    """
    contract = certificate.contract
    _, testing = sample.split(certificate.seed)
    if len(testing) == 0:
        return False
    confidence = read_calibrator(certificate.calibrator).many(testing.scores, testing.spreads)
    thresholds = _at_most_review(contract, confidence)
    approvals, rejections = tallies(thresholds, confidence, testing.labels, testing.doubted)
    return any(
        binomial.tail(wrong, trials, contract.promises[promise]) <= contract.delta_each
        for promise, wrong, trials in evidence(contract, approvals, rejections, len(testing))
    )


def plan(
    standing: Standing,
    certificate: Certificate,
    controller: Controller,
    recent: ArrayLike,
    *,
    panel_share: float,
) -> Plan:
    """What to do now. `recent` are the latest items' confidences, WINDOW of them; one at least."""
    contract, proven = certificate.contract, certificate.thresholds
    match standing.mode:
        case Mode.LEARNING:
            return Automatic(thresholds=proven, panel_share=panel_share)
        case Mode.OPEN:
            level = controller.level(sureness(recent, contract))
            return Automatic(thresholds=proven.tightened(level), panel_share=panel_share)
        case Mode.SAFE:
            level = level_for(1 - contract.review.max, sureness(recent, contract))
            return Automatic(
                thresholds=proven.tightened(level), panel_share=max(panel_share, SAFE_PANEL)
            )
        case Mode.INFEASIBLE:
            return Infeasible(
                keeping_error=proven,
                keeping_review=_at_most_review(contract, recent),
                panel_share=panel_share,
            )
        case _:
            assert_never(standing.mode)


def _at_most_review(contract: RiskContract, recent: ArrayLike) -> Thresholds:
    """Thresholds that leave to people just what the contract allows, on the sides asked for."""
    level = level_for(1 - contract.review.max, sureness(recent, contract))
    match tuple(contract.promises):
        case (Promise.WRONG_APPROVALS,):
            return Thresholds(low=None, high=level)
        case (Promise.WRONG_REJECTIONS,):
            return Thresholds(low=low_of(level), high=None)
        case _:
            return surer_than(level)
