"""What the gate said about one item, and the arithmetic of its three zones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.domain.errors import CrossedThresholds
from service.domain.ids import DecisionId, GateName
from service.domain.outcome import Outcome
from service.domain.values import Json


class Zone(StrEnum):
    """What the gate does with an item."""

    AUTO_APPROVE = "auto_approve"
    HUMAN_REVIEW = "human_review"
    AUTO_REJECT = "auto_reject"


class Reason(StrEnum):
    """Why an item landed in its zone."""

    ABOVE_HIGH = "above_high"
    BELOW_LOW = "below_low"
    BETWEEN = "between"
    UNCERTIFIED = "uncertified"
    GUARD = "guard"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    AUDIT_SAMPLE = "audit_sample"
    HIDDEN = "hidden"
    NO_SIGNAL = "no_signal"
    OTHER_LANGUAGE = "other_language"
    UNKNOWN_CATEGORY = "unknown_category"
    RULES = "rules"
    SCORER_FAILED = "scorer_failed"
    SCORER_TIMED_OUT = "scorer_timed_out"
    SIGNALS_UNREADABLE = "signals_unreadable"
    TEXT_MISSING = "text_missing"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ResumeMode(StrEnum):
    """How a person's verdict reaches the workflow."""

    NONE = "none"
    NATIVE_FORM = "native_form"
    CONTINUATION = "continuation"
    WEBHOOK = "webhook"
    HOLD = "hold"

    @property
    def delivers(self) -> bool:
        """Whether the service takes the verdict to an app; else the workflow asks for it."""
        return self in (ResumeMode.NATIVE_FORM, ResumeMode.CONTINUATION, ResumeMode.WEBHOOK)


def low_of(level: float) -> float | None:
    """The border for c below which 1 - c is strictly above the level; None where nothing is."""
    low = 1 - math.nextafter(level, 2)
    return low if low >= 0 else None


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The zone borders on c in [0, 1]; a side that is None is closed (nothing automatic there).

    Raises CrossedThresholds unless 0 <= low < high <= 1 (for the sides that are open).
    """

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        for side in (self.low, self.high):
            if side is not None and not (math.isfinite(side) and 0 <= side <= 1):
                raise CrossedThresholds(f"A threshold of {side} is not between 0 and 1.")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise CrossedThresholds(f"low ({self.low}) must be below high ({self.high}).")

    def tightened(self, level: float) -> "Thresholds":
        """max(these, level) on both sides: an automatic answer must also be surer than the level,
        max(c, 1 - c) > level. Never less strict than these, and no closed side is opened.

        What a certificate says of the system error covers this, since fewer answers err less
        often; of errors among the automatic answers, wherever the surer ones err less.
        """
        lowest = low_of(level)
        return Thresholds(
            low=None if self.low is None or lowest is None else min(self.low, lowest),
            high=None if self.high is None else max(self.high, level),
        )

    def zone(self, confidence: float | None) -> tuple[Zone, Reason]:
        """The zone of a calibrated confidence c in [0, 1]: approve if c > high, reject if c <= low.

        No confidence, or one that is not a number in [0, 1], is review: never anything automatic.
        """
        if confidence is None or not 0 <= confidence <= 1:
            return Zone.HUMAN_REVIEW, Reason.SCORER_FAILED
        if self.high is not None and confidence > self.high:
            return Zone.AUTO_APPROVE, Reason.ABOVE_HIGH
        if self.low is not None and confidence <= self.low:
            return Zone.AUTO_REJECT, Reason.BELOW_LOW
        return Zone.HUMAN_REVIEW, Reason.BETWEEN


class Reads(StrEnum):
    """The part of an item that a scorer reads."""

    TEXT = "text"
    FIELDS = "fields"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is judged: a text, or fields of a record, or both."""

    text: str | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)

    def has(self, part: Reads) -> bool:
        """Whether there is anything of that part."""
        match part:
            case Reads.TEXT:
                return self.text is not None
            case Reads.FIELDS:
                return bool(self.fields)
            case Reads.EITHER:
                return self.text is not None or bool(self.fields)


@dataclass(frozen=True, kw_only=True)
class Resume:
    """Where the verdict goes: the mode, the Dify app, and the run that waits."""

    mode: ResumeMode = ResumeMode.NONE
    app: str | None = None
    run_id: str | None = None
    user: str | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far those agree who judged one item: members of an ensemble, passes, samples.

    `agreement`: the share that gives the commonest label, in (0, 1]. `mutual_information`: H(mean
    p) - mean H(p_m), in nats, 0 where all say the same. `mean_log_probability`: the mean over
    members of ln p_m of the label that their mean finds likeliest, at most 0.
    """

    agreement: float
    mutual_information: float
    mean_log_probability: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a scorer says of an item: P(label) for every label of its bundle, summing to 1.

    Where several members judged, the probabilities are their mean, and `spread` is theirs.
    """

    probabilities: Mapping[str, float]
    model_version: str
    truncated: bool = False  # the text was longer than the model reads
    unreadable: bool = False  # a part of the text means nothing to the model
    spread: Spread | None = None
    novelty: float | None = None  # the share of ordinary items that are less novel, where known
    complexity: float | None = None  # the share of ordinary items that are plainer, where known


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """How sure we are: the raw score, the calibrated confidence c, both in [0, 1], or why not.

    `spread`: of the members or samples that made the score, kept so that labels can calibrate
    again on what they rested on.

    `notes` are what guards saw; an item with one is for people, whatever its confidence.
    """

    confidence: float | None
    raw_score: float | None = None
    spread: Spread | None = None
    label: str | None = None
    model_version: str | None = None
    failure: Reason | None = None
    notes: tuple[str, ...] = ()


def source_of(model_version: str | None, signals: Mapping[str, Any] | None) -> str | None:
    """What a raw score came from: a bundle by its version, or a kind of signal, with the version of
    the model that read it where one did; None for no score.

    Scores of different sources are different scales: what holds for the one says nothing of the
    other.
    """
    if signals:
        kind = f"signal:{next(iter(signals))}"
        return kind if model_version is None else f"{kind}:{model_version}"
    return model_version


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One answer of a gate, with everything it rested on. Only `outcome` comes later."""

    id: DecisionId
    gate: GateName
    policy_version: int
    created_at: datetime
    requested_by: str
    item: Item
    ai_result: Json
    signals: Mapping[str, Any] | None
    category: str | None
    risk_level: RiskLevel
    resume: Resume
    metadata: Mapping[str, Json]
    zone: Zone
    reason: Reason
    thresholds: Thresholds
    assessment: Assessment
    panel: bool = False  # people see it whatever its score is: its label is an unbiased one
    audit_probability: float | None = None  # with which active audits could draw it
    signals_unreadable: str | None = None  # what a workflow sent in the place of signals
    outcome: Outcome | None = None

    @property
    def source(self) -> str | None:
        """What the raw score came from."""
        return source_of(self.assessment.model_version, self.signals)


def hidden(decision: Decision) -> Decision:
    """The decision as a reviewer may see it who is not to be led by the AI: without its word."""
    return replace(
        decision,
        reason=Reason.HIDDEN,
        thresholds=Thresholds(low=None, high=None),
        assessment=Assessment(confidence=None, notes=decision.assessment.notes),
        signals_unreadable=None,
        outcome=None,
    )
