"""The gates that a key may ask, what they say, and how they are changed."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from plugin.contract.decisions import ResumeMode, Thresholds
from plugin.contract.values import Answer, Json, Request, Text

MAX_VERSION = 999_999_999


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


class EarnedThresholds(Answer):
    """Thresholds under a certificate, for the gate (`scope` is `None`) or one category."""

    scope: str | None = None
    certificate: str
    thresholds: Thresholds


class Adaptation(Answer):
    """How the gate runs within what it has earned, since watching it at work led to that."""

    mode: Literal["learning", "open", "safe", "infeasible"]
    """`safe`: an alarm went off. `infeasible`: the limits on errors and on review exclude each
    other on these items; the one on errors is kept."""
    cause: str
    since: AwareDatetime
    thresholds: Thresholds
    panel_share: float = Field(ge=0, le=1)


class WatchReport(Answer):
    """What watching the gate finds, since its certificate."""

    labels: int = Field(ge=0)
    """Panel labels since then, on which the evidence rests."""
    evidence: dict[str, float]
    """By promise, how strongly they speak for an error above its limit; it alarms at `alarm_at`."""
    alarm_at: float
    ks_p_value: float | None = None
    psi: float | None = None
    """Of the last full check of 1,000 items against those of the certificate; `None` before one."""


class AuditEstimate(Answer):
    """The share of wrong ones among `decided` automatic answers, in [`low`, `high`] at 95 %.

    Far fewer `answered` than `drawn` speak of items of a higher risk level, which come first.
    """

    decided: int = Field(ge=0)
    drawn: int = Field(ge=0)
    answered: int = Field(ge=0)
    value: float | None = None
    """`None` where nobody has answered."""
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class Audits(Answer):
    """What active audits say of the latest automatic answers, each weighed by how often such ones
    are drawn. Apart from the panel; certificates never rest on it."""

    wrong_answers: AuditEstimate
    wrong_approvals: AuditEstimate
    wrong_rejections: AuditEstimate


class Workload(Answer):
    """How many reviews a day are to be expected, from the traffic of the last week."""

    items_a_day: float = Field(ge=0)
    reviews_a_day: float = Field(ge=0)
    capacity: int | None = None
    """The contract's `reviews_a_day`; `None` where it sets no limit."""
    exceeded: bool
    """More is asked of people than they can do. Nothing more is approved for it."""


class Gate(GateSummary):
    """Answer of `GET /v1/gates/{gate}`: the policy in force, and what it stands on."""

    standing: Literal["fixed", "certified", "uncertified"]
    """`fixed`: set by hand, no promise. `uncertified`: nothing is proven, people decide all."""
    thresholds: Thresholds
    categories: dict[str, Thresholds] = Field(default_factory=dict)
    contract: dict[str, Json] | None = None
    certificates: list[CertificateSummary] = Field(default_factory=list)
    labels_needed: list[LabelsNeeded] = Field(default_factory=list)
    adaptation: Adaptation | None = None
    watch: WatchReport | None = None
    audits: Audits | None = None
    """`None` where audits could draw nothing lately."""
    workload: Workload | None = None
    """`None` before a day of traffic."""
    policy: dict[str, Json] = Field(default_factory=dict)
    """The whole policy by the keys of `GATE_CONFIG`: what `PUT` takes. The ETag is its version."""
    file_ignored: bool = False
    """Whether the file says something else, since the gate was changed after it was read."""


class GateVersion(Answer):
    """One version of a gate: what it said, since when, why it was made and by whom."""

    version: int
    cause: Literal["file", "put", "certificate", "adaptation", "rollback"]
    actor: str = ""
    note: str = ""
    restores: int | None = None
    """The version that this one put back."""
    created_at: AwareDatetime
    policy: dict[str, Json]
    """By the keys of `GATE_CONFIG`."""
    earned: list[EarnedThresholds] = Field(default_factory=list)


class GateChange(Request):
    """Body of `PUT /v1/gates/{gate}`: a whole policy, or the number of a version to put back."""

    policy: dict[str, Json] | None = None
    put_back: int | None = Field(default=None, ge=1, le=MAX_VERSION)
    note: Text = Field(default="", max_length=1000)
    """Why, for those who read the history."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.policy is None) == (self.put_back is None):
            raise ValueError("send either policy or put_back")
        return self


class GateVersions(Answer):
    """Answer of `GET /v1/gates/{gate}/versions`, newest first."""

    versions: list[GateVersion]
    next_cursor: str | None = None


class GateList(Answer):
    """Answer of `GET /v1/gates`."""

    gates: list[GateSummary]


class ChartPoint(Answer):
    """`observed`: the mean of so many observations; `value`: where the chart stands after it."""

    observed: float
    value: float
    low: float
    high: float
    out: bool


class ControlChart(Answer):
    """One indicator of a gate, as an EWMA chart."""

    indicator: Literal["review_share", "confidence", "overturned", "panel_errors"]
    a_point: int
    """How many observations make a point."""
    usual: float | None
    """`None` while `needed` more observations are to come before there is a chart."""
    needed: int
    out: bool
    """Whether it is out of its band now: worth a look."""
    points: list[ChartPoint]


class GateCharts(Answer):
    """Answer of `GET /v1/gates/{gate}/charts`: since the gate was last changed."""

    gate: str
    since: AwareDatetime | None
    until: AwareDatetime | None
    charts: list[ControlChart]


class ReplayRequest(Request):
    """Body of `POST /v1/gates/{gate}/replay`: what would be different, and over which decisions."""

    candidate: dict[str, Json] = Field(default_factory=dict)
    """Keys of `GATE_CONFIG`; what is left out is as in the policy in force."""
    put_back: int | None = Field(default=None, ge=1, le=MAX_VERSION)
    """Instead of `candidate`: the version whose return is weighed."""
    costs: dict[str, float] | None = None
    """As `costs` of a contract; without them, the candidate's own or those in force."""
    since: AwareDatetime | None = Field(default=None, strict=False)
    until: AwareDatetime | None = Field(default=None, strict=False)
    limit: int = Field(default=100_000, ge=1, le=1_000_000)


class ShareFound(Answer):
    """`count` of `of`; the true share lies in [low, high] with 95 % confidence. `None`: unknown."""

    value: float | None
    low: float
    high: float
    count: int
    of: int


class SideFound(Answer):
    """The automatic answers of one kind, and what is known of their errors."""

    decided: int
    judged: int
    """How many of them somebody judged: reviewers, the panel, or what turned out later."""
    wrong: int
    """How many of those judged were wrong: the fewest errors there can be."""
    most_wrong: int
    """If all that nobody judged were wrong."""
    panel: ShareFound
    """Among the panel's items, which are like all others: the estimate of the share of errors."""


class CostFound(Answer):
    """Per decision: `value` in [low, high] by the panel; [least, most] is what remains possible."""

    value: float | None
    low: float
    high: float
    least: float
    most: float


class PolicyFigures(Answer):
    """What one policy did, or would have done."""

    items: int
    automation: float
    reviews: int
    reviews_a_day: float | None
    audits: float
    """The share of all items that the panel asks about besides."""
    approvals: SideFound
    rejections: SideFound
    wrong_answers: ShareFound
    """Of the automatic answers, by the panel."""
    system_error: ShareFound
    """Of all items, by the panel."""
    cost: CostFound | None


class ReplayReport(Answer):
    """Answer of a replay: the candidate and the policy in force on the same decisions."""

    gate: str
    policy_version: int
    since: AwareDatetime | None
    until: AwareDatetime | None
    in_force: PolicyFigures
    candidate: PolicyFigures
    thresholds: Thresholds
    """The candidate's, for items without a category of their own."""
    agreement: ShareFound
    moved: dict[str, dict[str, int]]
    """Items by zone: under the policy in force, then under the candidate."""
    unknown: int
    """Decisions that could not be replayed, and are left out of both."""
    certificates: list[dict[str, str]] = Field(default_factory=list)
    """What the candidate would stand on if it were certified now, in words by language. Its errors
    are then counted on labels that took part in choosing its thresholds."""
