"""A decision: asked for, answered, and read again with its outcome."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from plugin.contract.deliveries import DeliveryStatus
from plugin.contract.problems import Problem
from plugin.contract.signals import Probability, Signals
from plugin.contract.values import (
    Answer,
    Id,
    Json,
    Name,
    Request,
    Text,
    Unreadable,
    is_blank,
)

MAX_WAIT_SECONDS = 25
"""Longest `wait` of one `GET /v1/decisions/{id}`."""

MAX_BATCH_ITEMS = 256
"""Most items of one `POST /v1/gates/{gate}/decisions:batch`."""

DecisionKind = Literal["auto_approve", "human_review", "auto_reject"]
FinalVerdict = Literal["approve", "reject"]
DecidedBy = Literal["policy", "human", "timeout"]
RiskLevel = Literal["low", "medium", "high"]
ResumeMode = Literal["none", "native_form", "continuation", "webhook", "hold"]
ReviewState = Literal[
    "automatic", "pending", "claimed", "escalated", "resolved", "expired", "cancelled"
]
"""Where the decision's review stands; `automatic` where nobody had to be asked."""


class Item(Request):
    """What is decided about: a text, named fields, or both."""

    text: Text | None = None
    fields: dict[Name, Json] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.text is None and not self.fields:
            raise ValueError("is empty: give item.text, item.fields or both")
        return self


class Resume(Request):
    """How the branch goes on after a review. Without `mode`, as the gate says."""

    mode: ResumeMode | None = None
    app: Name | None = None
    run_id: Id | None = None
    user: Id | None = None

    @model_validator(mode="after")
    def _native_form_finds_its_run(self) -> Self:
        if self.mode == "native_form" and not (self.run_id and self.user):
            raise ValueError(
                "mode native_form needs run_id and user: map sys.workflow_run_id and sys.user_id"
            )
        return self


class DecisionRequest(Request):
    """Body of `POST /v1/gates/{gate}/decisions`."""

    item: Item
    ai_result: Json = None
    """What approval would let through."""
    signals: Signals | None = None
    """Without it, the gate's own model scores the item."""
    signals_unreadable: Unreadable | None = None
    """In the place of `signals`: what came instead of them. A person looks at the item."""
    text_missing: bool = False
    """The caller had no text where there should be one. A person looks at the item."""
    category: Name | None = None
    risk_level: RiskLevel | None = None
    resume: Resume | None = None
    metadata: dict[Name, Json] = Field(default_factory=dict)
    """The caller's own; given back in the resume message."""

    @model_validator(mode="after")
    def _signals_or_what_came_instead(self) -> Self:
        if self.signals is not None and self.signals_unreadable is not None:
            raise ValueError("give signals or signals_unreadable, not both")
        return self

    @model_validator(mode="after")
    def _text_is_there_or_known_to_be_missing(self) -> Self:
        text = self.item.text
        if text is not None and is_blank(text) and not self.text_missing:
            raise _fault_of("item", "text", "is blank: leave the field out or fill it in")
        if self.text_missing and (text is None or not is_blank(text)):
            raise _fault_of("text_missing", "goes with an empty item.text, and with no other")
        return self


def _fault_of(*place_and_message: str) -> ValidationError:
    """What is wrong with a field that can be told only from the whole request."""
    *place, message = place_and_message
    return ValidationError.from_exception_data(
        "DecisionRequest",
        [
            {
                "type": "value_error",
                "loc": tuple(place),
                "input": None,
                "ctx": {"error": ValueError(message)},
            }
        ],
    )


class BatchRequest(Request):
    """Body of `POST /v1/gates/{gate}/decisions:batch`: decision requests, each judged by itself."""

    items: list[Any]

    @model_validator(mode="after")
    def _some_but_not_too_many(self) -> Self:
        if not 1 <= len(self.items) <= MAX_BATCH_ITEMS:
            found = len(self.items)
            raise ValueError(f"items holds {found}: send 1 to {MAX_BATCH_ITEMS} in one request")
        return self


class Thresholds(Answer):
    """Approve above `high`, reject at or below `low`; `None` closes that side."""

    low: Probability | None = None
    high: Probability | None = None

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        return self


class GuardFinding(Answer):
    """One thing that a guard saw in the input."""

    guard: str
    detail: str


class DecisionResponse(Answer):
    """The gate's answer. `confidence` is c, the calibrated P(approving is right)."""

    decision_id: Annotated[str, Field(min_length=1)]
    decision: DecisionKind
    confidence: Probability | None = None
    """`None` where scoring failed or nothing could be scored; such an item is never approved."""
    label: str | None = None
    reason: str
    thresholds: Thresholds
    policy_version: int
    model_version: str | None = None
    review_task_id: str | None = None
    review_url: str | None = None
    estimated_wait_seconds: Annotated[float, Field(ge=0)] | None = None
    guards: list[GuardFinding] = Field(default_factory=list)
    resume_proven: Literal[True] | None = None
    """On a replayed answer: the review is over and its run has gone on, so that whoever asks again
    asks about something new."""

    @model_validator(mode="after")
    def _approval_is_earned(self) -> Self:
        """Fail closed on both ends of the wire: no approval that its own figures contradict."""
        if self.decision != "auto_approve":
            return self
        c, high = self.confidence, self.thresholds.high
        if c is None or high is None or c <= high:
            raise ValueError(f"auto_approve needs a confidence above high; got {c} and {high}")
        return self


class BatchResponse(Answer):
    """One result per item, in order; a problem is known by its `type` and `status`."""

    results: list[DecisionResponse | Problem]


class Outcome(Answer):
    """How a decision ended."""

    verdict: FinalVerdict
    by: DecidedBy
    reviewer: str | None = None
    comment: str | None = None
    edited_result: Json = None
    """What the reviewer put in the place of `ai_result`; `None` where nothing was edited."""
    decided_at: AwareDatetime
    delivery: DeliveryStatus | None = None


class PartWeight(Answer):
    """A word of the text (with its place there) or a field, and the evidence it adds in log-odds:
    above 0 for approving, below 0 for rejecting."""

    name: str
    weight: float
    start: int | None = None
    end: int | None = None


class ExplanationRecord(Answer):
    """Answer of `GET /v1/decisions/{id}/explanation`, parts in the item's order."""

    decision_id: str
    model_version: str
    in_words: dict[str, str]
    parts: list[PartWeight]


class DecisionRecord(DecisionResponse):
    """Answer of `GET /v1/decisions/{id}`: the decision and, once final, its outcome."""

    state: ReviewState
    outcome: Outcome | None = None
