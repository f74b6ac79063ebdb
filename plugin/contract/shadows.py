"""A candidate policy that is tried on a gate's live items, and what that finds."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from plugin.contract.decisions import DecisionKind, Thresholds
from plugin.contract.gates import MAX_VERSION, PolicyFigures, ShareFound
from plugin.contract.values import Answer, Json, Request, Text


class ShadowRequest(Request):
    """Body of `PUT /v1/gates/{gate}/shadow`: what is to be tried."""

    candidate: dict[str, Json] = Field(default_factory=dict)
    """Keys of `GATE_CONFIG`; what is left out is as in the policy in force."""
    put_back: int | None = Field(default=None, ge=1, le=MAX_VERSION)
    """Instead of `candidate`: the version that is tried again."""
    note: Text = Field(default="", max_length=1000)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.candidate) == (self.put_back is not None):
            raise ValueError("send either candidate or put_back")
        return self


class ShadowSummary(Answer):
    """A shadow and how it stands."""

    gate: str
    number: int
    state: Literal["running", "stopped", "adopted"]
    over: int
    """The version that was in force when it began."""
    scores: Literal["recorded", "own"]
    """`recorded`: the candidate scores as the gate does. `own`: it judges each item itself, a
    moment after the gate has decided."""
    started_at: AwareDatetime
    started_by: str
    note: str = ""
    ended_at: AwareDatetime | None = None
    ended_by: str | None = None
    policy: dict[str, Json]
    """The candidate by the keys of `GATE_CONFIG`."""
    thresholds: Thresholds
    """The candidate's, for items without a category of their own."""


class ShadowParting(Answer):
    """An item that the gate and the candidate put into different zones."""

    decision_id: str
    live: DecisionKind
    candidate: DecisionKind
    right: bool | None
    """Whether approving was right, as far as somebody said."""


class ShadowReport(ShadowSummary):
    """Answer of `GET /v1/gates/{gate}/shadow`: both on the same items since it began."""

    since: AwareDatetime | None
    until: AwareDatetime | None
    live: PolicyFigures
    """What the gate did."""
    candidate: PolicyFigures
    """What the candidate would have done."""
    agreement: ShareFound
    moved: dict[str, dict[str, int]]
    """Items by zone: of the gate, then of the candidate."""
    unknown: int
    """Items of which it is not known what the candidate would have done; left out of both."""
    partings: list[ShadowParting] = Field(default_factory=list)
    """The newest items that they part on, but none that people have still to answer."""
