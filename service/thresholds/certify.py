"""From labelled items and a risk contract to thresholds with a proof, or to closed sides.

Split-order learn-then-test: a third of the labels (A) fits the calibrator, lays down the rules to
be tried and their order; the others (B) test them in that order until one fails (fixed-sequence
testing, arXiv 2110.01052, section 3). Given A, rules and order are constants, and given how many
items of B a rule decides, its errors are binomial with its true risk. So the first rule in order
whose risk is above alpha passes with probability at most delta, and only if it passes can any
such rule be chosen: P(risk above alpha) <= delta, whatever the scores are worth, ties and all.
Nothing is assumed of the risk, which need not rise with the share decided.

The system error P(automatic and wrong) can only grow as rules widen. So every rule can be a
candidate at no cost, and there are as many trials as labels in B (arXiv 2101.02703).
"""

from collections.abc import Sequence

import numpy as np

from service.confidence.calibrators import FOLDS, AnyCalibrator, Calibrator
from service.confidence.member_calibrator import choose
from service.domain.certificate import Certificate, Finding, Promise, RiskContract, Tally, Target
from service.domain.decision import Thresholds
from service.thresholds.economy import cheapest_of
from service.thresholds.rules import Rules, count
from service.thresholds.sample import Flags, Floats, Sample
from service.thresholds.trial import CLOSED, Trial, rules_for

CODE_VERSION = "certify 2"
"""Another one wherever the same labels could get another certificate."""

MOST_FOR_CALIBRATION = 5_000
"""A calibrator has three numbers: more labels than this cost time and settle nothing."""


def certify(
    sample: Sample,
    contract: RiskContract,
    *,
    calibrator: AnyCalibrator | None = None,
    seed: int = 0,
    scope: str | None = None,
) -> Certificate:
    """The certificate that the labels support. A promise that is not proven leaves its side closed.
    Of the thresholds that are proven it has the cheapest where the contract has costs, within its
    bounds on review or near them, and the widest otherwise.

    The calibrator is chosen on part A unless one is given, which must not have seen these labels.
    The seed is the lot that splits them: settle on it before looking, since trying several until
    one passes voids the guarantee.
    """
    fitting, testing = sample.split(seed)
    calibrator = calibrator or calibrator_for(fitting)
    c_fitting = calibrator.many(fitting.scores, fitting.spreads)
    c_testing = calibrator.many(testing.scores, testing.spreads)
    proofs, proven = [], []
    for promise in contract.promises:
        rules = rules_for(promise, contract, c_fitting)
        trial = Trial(
            promise=promise,
            contract=contract,
            rules=rules,
            seen=count(rules, c_fitting, fitting.against(c_fitting, promise)),
            tested=count(rules, c_testing, testing.against(c_testing, promise)),
        )
        alike = sample.one_sided and len(sample) >= trial.fewest
        proof, found = trial.closed(Finding.ONE_LABEL_ONLY) if alike else trial.run()
        proofs.append(proof)
        proven.append(found)
    thresholds = _chosen(proven, c_testing, testing.against(c_testing), contract)
    approvals, rejections = tallies(thresholds, c_testing, testing.labels, testing.doubted)
    return Certificate(
        contract=contract,
        thresholds=thresholds,
        proofs=tuple(proofs),
        approvals=approvals,
        rejections=rejections,
        labels=len(sample),
        tested=len(testing),
        sample_sha256=sample.sha256,
        seed=seed,
        calibrator=calibrator.to_json(),
        code_version=CODE_VERSION,
        scope=scope,
        since=sample.since,
        until=sample.until,
    )


def calibrator_for(fitting: Sample) -> AnyCalibrator:
    """The best calibrator for these labels; the identity where there are too few of a kind."""
    part = fitting.where(np.arange(min(len(fitting), MOST_FOR_CALIBRATION)))
    of_each = np.count_nonzero(part.labels), np.count_nonzero(~part.labels)
    if min(of_each) < FOLDS:
        return Calibrator()
    return choose(part.scores, part.labels, part.spreads, part.weights).calibrator


def _chosen(
    proven: Sequence[Rules], confidence: Floats, labels: Flags, contract: RiskContract
) -> Thresholds:
    """The cheapest of what is proven where there are costs, else the widest."""
    widest = CLOSED
    for rules in proven:
        if len(rules):
            widest = _joined(widest, rules.thresholds(len(rules) - 1))
    if contract.costs is None or widest == CLOSED:
        return widest
    cheapest = cheapest_of(proven, confidence, labels, contract.costs, contract.review)
    return cheapest or widest


def _joined(one: Thresholds, other: Thresholds) -> Thresholds:
    return Thresholds(
        low=other.low if one.low is None else one.low,
        high=other.high if one.high is None else one.high,
    )


def tallies(
    thresholds: Thresholds, confidence: Floats, labels: Flags, doubted: Flags | None = None
) -> tuple[Tally, Tally]:
    """What the gate's own rule does to these items: approvals and rejections, the doubted among
    them wrong."""
    doubts = np.zeros(labels.size, dtype=np.bool_) if doubted is None else doubted
    low, high = thresholds.low, thresholds.high
    approved = confidence > (np.inf if high is None else high)
    rejected = confidence <= (-np.inf if low is None else low)
    return (
        Tally(decided=int(approved.sum()), wrong=int((approved & (~labels | doubts)).sum())),
        Tally(decided=int(rejected.sum()), wrong=int((rejected & (labels | doubts)).sum())),
    )


def evidence(
    contract: RiskContract, approvals: Tally, rejections: Tally, items: int
) -> list[tuple[Promise, int, int]]:
    """For every promise of a contract the errors and the trials among so many items."""
    wrong, decided = approvals.wrong + rejections.wrong, approvals.decided + rejections.decided
    found = {
        Promise.WRONG_APPROVALS: (approvals.wrong, approvals.decided),
        Promise.WRONG_REJECTIONS: (rejections.wrong, rejections.decided),
        Promise.WRONG_ANSWERS: (
            wrong,
            items if contract.target is Target.SYSTEM_ERROR else decided,
        ),
    }
    return [(promise, *found[promise]) for promise in contract.promises]
