"""What may stand in the file, and what each value may be."""

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from service.domain.category import UnknownCategory
from service.domain.certificate import RiskContract, Target
from service.domain.certificate_document import contract_of
from service.domain.decision import ResumeMode, Thresholds
from service.domain.errors import GateError
from service.domain.gate import SampleAgreement
from service.domain.guard import GuardRules, Redaction
from service.domain.language import Language
from service.domain.language_model import QUESTION
from service.domain.outcome import Verdict
from service.domain.values import Json

EMBEDDED_SCORER = "embedded"


def _duration(value: object) -> object:
    # Six digits of days stay within what a calendar can hold.
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*([smhd])", value)):
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return timedelta(**{unit: float(match[1])})
    raise ValueError("write a duration as a number and a unit, such as 5s, 5m, 24h or 3d")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
SomeTime = Annotated[Duration, Field(gt=timedelta(0))]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Border = Annotated[float, Field(ge=0, le=1, strict=True)]
Limit = Annotated[float, Field(gt=0, lt=1, strict=True)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]


Characters = Annotated[int, Field(ge=1, strict=True)]
Lawful = Annotated[str, StringConstraints(max_length=256, strip_whitespace=True)]
UsualShare = Annotated[float, Field(ge=0, le=0.5, strict=True)]

DEFAULT_GUARDS = GuardRules()


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ThresholdsSection(Section):
    low: Border | None
    high: Border | None

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        self.value()
        return self

    def value(self) -> Thresholds:
        try:
            return Thresholds(low=self.low, high=self.high)
        except GateError as error:
            raise ValueError(f"{error.detail} {error.fix}".removesuffix(".")) from error


class BoundsSection(Section):
    min: Border = 0.0
    max: Border = 1.0


class CostsSection(Section):
    wrong_approval: Amount
    wrong_rejection: Amount
    review_minute: Amount
    minutes_per_review: Amount = 1.0
    scoring: Amount = 0.0


class ContractSection(Section):
    target: Target
    wrong_approvals: Limit | None = None
    wrong_rejections: Limit | None = None
    wrong_answers: Limit | None = None
    confidence: Border = 0.9
    review: BoundsSection = BoundsSection()
    reviews_a_day: Annotated[int, Field(ge=1, strict=True)] | None = None
    certify_every_days: Annotated[int, Field(ge=1, strict=True)] | None = None
    costs: CostsSection | None = None

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        self.value()
        return self

    def value(self) -> RiskContract:
        try:
            return contract_of(self.model_dump(exclude_none=True))
        except GateError as error:
            raise ValueError(f"{error.detail} {error.fix}".removesuffix(".")) from error


class CategorySection(Section):
    thresholds: ThresholdsSection | None = None
    aliases: list[Label] = []


class ReviewSection(Section):
    deadline: SomeTime = timedelta(hours=24)
    on_deadline: Verdict = Verdict.REJECT
    lease: SomeTime = timedelta(minutes=5)
    undo: Duration = timedelta(seconds=5)
    quorum: Annotated[int, Field(ge=1, le=9)] = 1
    double_share: Border = 0.0


class GuardsSection(Section):
    shortest: Characters | None = DEFAULT_GUARDS.shortest
    longest: Characters | None = DEFAULT_GUARDS.longest
    malformed: bool = DEFAULT_GUARDS.malformed
    injection: bool = DEFAULT_GUARDS.injection
    unresolved: bool = DEFAULT_GUARDS.unresolved
    lawful: tuple[Lawful, ...] = DEFAULT_GUARDS.lawful
    novelty: UsualShare = DEFAULT_GUARDS.novelty
    complexity: UsualShare = DEFAULT_GUARDS.complexity

    @model_validator(mode="after")
    def _some_length_passes(self) -> Self:
        if self.shortest and self.longest and self.shortest > self.longest:
            raise ValueError(
                f"shortest ({self.shortest}) is above longest ({self.longest}): no text would pass"
            )
        return self


class RejectWhenSection(Section):
    contains: Annotated[list[Label], Field(min_length=1)]


class FallbackSection(Section):
    reject_when: RejectWhenSection


class ResumeSection(Section):
    mode: ResumeMode = ResumeMode.NONE
    app: Name | None = None


class AppSection(Section):
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+.*$")]
    api_key: str | None = None
    secrets: list[Annotated[str, StringConstraints(pattern=r"^whsec_\S+$")]] = []
    allow_internal: bool = False
    actions: dict[Verdict, Annotated[str, StringConstraints(min_length=1, max_length=20)]] = {}


class LanguageModelSection(Section):
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\S*$")]
    model: Annotated[str, StringConstraints(min_length=1)]
    answers: dict[Label, Annotated[str, StringConstraints(pattern=r"^\S{1,32}$")]]
    approve_labels: list[Label]
    question: Annotated[str, StringConstraints(min_length=1, max_length=8000)] = QUESTION
    api_key: str | None = None
    # A gate waits 10 s for its scorer: what comes later than this would come too late.
    timeout: Annotated[SomeTime, Field(le=timedelta(seconds=9))] = timedelta(seconds=8)
    at_once: Annotated[int, Field(ge=1, le=1024)] = 16
    extra: dict[str, Json] = {}

    @model_validator(mode="after")
    def _tells_labels_apart(self) -> Self:
        said = [answer.casefold() for answer in self.answers.values()]
        if len(said) < 2 or len(set(said)) < len(said):
            raise ValueError("needs two answers or more, each another word: write A, B, ...")
        if not self.approve_labels or not set(self.approve_labels) < set(self.answers):
            raise ValueError("needs approve_labels: some, not all, of the labels under answers")
        return self


def _scorers(value: object) -> object:
    known = ", ".join(Language)
    if isinstance(value, dict):
        if not value:
            raise ValueError(f"names no scorer: name one for each language, of {known}")
        if unknown := [str(language) for language in value if language not in list(Language)]:
            raise ValueError(f"names the language {unknown[0]}, of those that are known: {known}")
        return {Language(language): str(name) for language, name in value.items()}
    return str(value)


Scorers = Annotated[str | dict[Language, str], BeforeValidator(_scorers)]
"""One scorer, or one for the texts of each language."""


class AuditsSection(Section):
    # Of a quarter, what is drawn most often is drawn every other time.
    share: Annotated[float, Field(ge=0, le=0.25, strict=True)] = 0.0


class GateSection(Section):
    scorer: Scorers = EMBEDDED_SCORER
    labels: list[Label] | None = None
    approve_labels: list[Label] | None = None
    thresholds: ThresholdsSection | None = None
    contract: ContractSection | None = None
    categories: dict[Label, CategorySection] = {}
    unknown_category: UnknownCategory = UnknownCategory.REVIEW
    category_required: Annotated[bool, Field(strict=True)] = False
    fallback: FallbackSection | None = None
    panel_share: Annotated[float, Field(ge=0, le=0.5, strict=True)] = 0.0
    panel_holds: bool = False
    audits: AuditsSection = AuditsSection()
    guards: GuardsSection = GuardsSection()
    redact: Redaction = Redaction.NONE
    review: ReviewSection = ReviewSection()
    resume: ResumeSection = ResumeSection()
    samples: SampleAgreement = SampleAgreement.EXACT
    apps: list[Name] = []

    @model_validator(mode="after")
    def _thresholds_or_contract(self) -> Self:
        if (self.thresholds is None) == (self.contract is None):
            raise ValueError("needs either thresholds or a contract: write one of them")
        if self.samples is SampleAgreement.MEANING and self.contract is None:
            # Opposite answers may count as the same, so their share proves nothing by itself.
            raise ValueError(
                "has samples: meaning, which only a contract can make thresholds of: "
                "write a contract, or samples: exact"
            )
        return self


class FileSection(Section):
    apps: dict[Name, AppSection] = {}
    language_models: dict[Name, LanguageModelSection] = {}
    gates: dict[Name, GateSection]
