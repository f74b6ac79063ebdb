"""The gates that a key may ask."""

from pydantic import Field

from plugin.contract.decisions import ResumeMode
from plugin.contract.values import Answer


class GateSummary(Answer):
    """What a workflow author needs to choose a gate."""

    name: str = Field(min_length=1)
    policy_version: int
    labels: list[str] = Field(default_factory=list)
    approve_labels: list[str] = Field(default_factory=list)
    apps: list[str] = Field(default_factory=list)
    resume_mode: ResumeMode


class GateList(Answer):
    """Answer of `GET /v1/gates`."""

    gates: list[GateSummary]
