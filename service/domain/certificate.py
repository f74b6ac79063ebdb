"""What error a gate may make, and what speaks for its keeping to that: contract and certificate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from service.domain.decision import Thresholds
from service.domain.errors import InvalidInput
from service.domain.values import Json


class BadContract(InvalidInput):
    """The risk contract does not say something that can be kept."""


class Target(StrEnum):
    """What is promised."""

    PER_SIDE = "per_side"  # of the approvals, and of the rejections, so many are wrong
    AUTO_ERROR = "auto_error"  # of all automatic answers, so many are wrong
    SYSTEM_ERROR = "system_error"  # of all items, so many get a wrong automatic answer


class Promise(StrEnum):
    """One limit of a contract, by its name there."""

    WRONG_APPROVALS = "wrong_approvals"
    WRONG_REJECTIONS = "wrong_rejections"
    WRONG_ANSWERS = "wrong_answers"


@dataclass(frozen=True, kw_only=True)
class ReviewBounds:
    """The least and the most share of items that people look at, both in [0, 1]."""

    min: float = 0.0
    max: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.min <= 1 and 0 <= self.max <= 1):
            raise BadContract("review.min and review.max are shares between 0 and 1.")
        if self.min > self.max:
            raise BadContract(
                f"review.min ({self.min:g}) is above review.max ({self.max:g}): "
                "the two exclude each other.",
                fix="Set review.min at or below review.max.",
            )


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What things cost, in one currency: an error of each kind, a minute of review, a scoring."""

    wrong_approval: float
    wrong_rejection: float
    review_minute: float
    minutes_per_review: float = 1.0
    scoring: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise BadContract(f"costs.{name} is {value}, not an amount of at least 0.")

    @property
    def review(self) -> float:
        """What looking at one item costs."""
        return self.review_minute * self.minutes_per_review


@dataclass(frozen=True, kw_only=True)
class RiskContract:
    """The error a gate's owner can bear, how sure they want to be, and what review they can pay.

    `per_side` takes wrong_approvals, wrong_rejections or both (a side without a limit is never
    automatic); the other targets take wrong_answers. Each limit is the alpha of its promise, a
    share above 0 and below 1. All promises hold together with probability `confidence`, 1 - delta.
    """

    target: Target
    wrong_approvals: float | None = None
    wrong_rejections: float | None = None
    wrong_answers: float | None = None
    confidence: float = 0.9
    review: ReviewBounds = field(default_factory=ReviewBounds)
    reviews_a_day: int | None = None
    certify_every_days: int | None = None
    costs: Costs | None = None

    def __post_init__(self) -> None:
        for promise in Promise:
            _check_limit(promise, getattr(self, promise))
        joint = self.target is not Target.PER_SIDE
        if joint != (self.wrong_answers is not None) or joint == (self._sides_limited > 0):
            raise BadContract(
                f"These limits do not fit the target {self.target}.",
                fix="per_side takes wrong_approvals, wrong_rejections or both; "
                "auto_error and system_error take wrong_answers alone.",
            )
        if not 0.5 <= self.confidence < 1:
            raise BadContract(
                f"A confidence of {self.confidence} promises nothing that can be kept.",
                fix="Set confidence from 0.5 to below 1; 0.9 and 0.95 are usual.",
            )
        if self.reviews_a_day is not None and self.reviews_a_day < 1:
            raise BadContract("reviews_a_day must be at least 1; leave it out for no limit.")
        if self.certify_every_days is not None and self.certify_every_days < 1:
            raise BadContract(
                "certify_every_days must be at least 1; leave it out to certify as labels grow."
            )

    @property
    def delta(self) -> float:
        """The probability that may be wrong about all promises together."""
        return round(1 - self.confidence, 12)  # 1 - 0.9 is 0.09999999999999998 in floats

    @property
    def promises(self) -> Mapping[Promise, float]:
        """The alpha of every promise made."""
        limits = {promise: getattr(self, promise) for promise in Promise}
        return MappingProxyType({name: limit for name, limit in limits.items() if limit})

    @property
    def promised(self) -> tuple[Mapping[Promise, float], Target, float]:
        """What certificates of it prove: limits, target and confidence, not review or costs."""
        return self.promises, self.target, self.confidence

    @property
    def delta_each(self) -> float:
        """The share of delta that each promise may use up: delta / 2 where both sides have one."""
        return self.delta / len(self.promises)

    @property
    def meeting_point(self) -> float:
        """The confidence at which approving and rejecting risk the same cost; 1/2 without costs.

        Approving costs (1 - c) wrong_approval, rejecting c wrong_rejection (Elkan 2001): below
        this point no item is approved by itself, above it none rejected.
        """
        if self.costs is None or self.costs.wrong_approval + self.costs.wrong_rejection == 0:
            return 0.5
        total = self.costs.wrong_approval + self.costs.wrong_rejection
        return self.costs.wrong_approval / total

    @property
    def _sides_limited(self) -> int:
        return sum(limit is not None for limit in (self.wrong_approvals, self.wrong_rejections))


class Finding(StrEnum):
    """What the labels said to a promise. Only PROVEN opens anything."""

    PROVEN = "proven"
    NOT_PROVEN = "not_proven"
    TOO_FEW_LABELS = "too_few_labels"
    ONE_LABEL_ONLY = "one_label_only"


class Method(StrEnum):
    """How a promise was tested."""

    SPLIT_ORDER_LTT = "split_order_ltt"  # learn then test, arXiv 2110.01052
    RCPS = "rcps"  # risk-controlling prediction sets, arXiv 2101.02703


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Of the labels tested: how many the thresholds decide, and how many of these wrongly."""

    decided: int = 0
    wrong: int = 0


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The test of one promise: `wrong` errors in `trials`, against a risk of `alpha`.

    Trials are the automatic answers in question, for the system error all labels tested.
    `p_value` is P(Bin(trials, alpha) <= wrong), `bound` the Clopper-Pearson upper bound at
    `delta`; both stand for the widest thresholds that passed, else for those tested last.
    `fewest` is the number of trials without any error that would have been enough.
    """

    promise: Promise
    finding: Finding
    method: Method
    alpha: float
    delta: float
    wrong: int
    trials: int
    p_value: float
    bound: float
    fewest: int


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Thresholds, and the evidence that they keep a contract.

    The thresholds are for c = calibrator(raw score), nothing else. They hold for items like those
    of the sample; each certificate spends its own delta. `tested` of the `labels` ran the test,
    the others fitted the calibrator and set its order. `scope` is the category it is for.
    """

    contract: RiskContract
    thresholds: Thresholds
    proofs: tuple[Proof, ...]
    approvals: Tally
    rejections: Tally
    labels: int
    tested: int
    sample_sha256: str
    seed: int
    calibrator: Mapping[str, Json]
    code_version: str
    scope: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def opens(self) -> bool:
        """Whether anything is automatic under it."""
        return self.thresholds.low is not None or self.thresholds.high is not None

    @property
    def coverage(self) -> float:
        """The share of items that will be automatic, as estimated on the labels tested."""
        return (self.approvals.decided + self.rejections.decided) / max(1, self.tested)

    @property
    def within_review_bounds(self) -> bool:
        """Whether the review it predicts is no more than the contract allows."""
        return 1 - self.coverage <= self.contract.review.max


def _check_limit(promise: Promise, limit: float | None) -> None:
    # Written so that NaN, which is above and below nothing, fails too.
    if limit is not None and not 0 < limit < 1:
        raise BadContract(
            f"{promise} is {limit}: no number of labels proves a limit like that.",
            fix=f"Set {promise} above 0 and below 1, for instance 0.01 for 1 %.",
        )
