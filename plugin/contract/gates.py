"""The gates that a key may ask."""

from typing import Literal

from pydantic import AwareDatetime, Field

from plugin.contract.decisions import ResumeMode, Thresholds
from plugin.contract.values import Answer, Json


class GateSummary(Answer):
    """What a workflow author needs to choose a gate."""

    name: str = Field(min_length=1)
    policy_version: int
    labels: list[str] = Field(default_factory=list)
    approve_labels: list[str] = Field(default_factory=list)
    apps: list[str] = Field(default_factory=list)
    resume_mode: ResumeMode


class CertificateSummary(Answer):
    """What speaks for thresholds that were earned: the promise, in words, and what it rests on."""

    id: str
    scope: str | None = None
    """The category it is for; `None` is the gate as a whole."""
    in_words: dict[str, str]
    """By language: `en` and `zh-Hans`."""
    thresholds: Thresholds
    labels: int = Field(ge=0)
    coverage: float = Field(ge=0, le=1)
    """The share of items that the gate decides by itself, as estimated."""
    issued_at: AwareDatetime


class LabelsNeeded(Answer):
    """How many more labels would open `coverage`, a share of all items, under one promise."""

    promise: str
    coverage: float = Field(ge=0, le=1)
    likely: int | None = None
    """`None` where the errors seem too many for any number of labels to prove them few."""
    fewest: int = Field(ge=0)
    most: int | None = None


class Gate(GateSummary):
    """Answer of `GET /v1/gates/{gate}`: the policy in force, and what it stands on."""

    standing: Literal["fixed", "certified", "uncertified"]
    """`fixed`: set by hand, no promise. `uncertified`: nothing is proven, people decide all."""
    thresholds: Thresholds
    categories: dict[str, Thresholds] = Field(default_factory=dict)
    contract: dict[str, Json] | None = None
    certificates: list[CertificateSummary] = Field(default_factory=list)
    labels_needed: list[LabelsNeeded] = Field(default_factory=list)


class GateVersion(Answer):
    """One version of a gate: what it said, since when, and why it was made."""

    version: int
    cause: str
    created_at: AwareDatetime
    policy: dict[str, Json]


class GateVersions(Answer):
    """Answer of `GET /v1/gates/{gate}/versions`, newest first."""

    versions: list[GateVersion]
    next_cursor: str | None = None


class GateList(Answer):
    """Answer of `GET /v1/gates`."""

    gates: list[GateSummary]
