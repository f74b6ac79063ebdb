"""A gate: a named policy with versions, saying what is judged, how surely, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from service.domain.adaptation import Adapted, Mode
from service.domain.category import UnknownCategory, names_by_spelling, plain
from service.domain.certificate import RiskContract
from service.domain.decision import Item, ResumeMode, Thresholds
from service.domain.fallback import FallbackRules
from service.domain.guard import GuardRules
from service.domain.ids import AppName, CertificateId, GateName
from service.domain.language import Language, language_of
from service.domain.outcome import Verdict
from service.domain.values import Json

SIGNALS_SCORER = "signals"


class SampleAgreement(StrEnum):
    """When two samples of a language model count as the same answer."""

    EXACT = "exact"
    MEANING = "meaning"


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """How people's part of the gate works."""

    deadline: timedelta = timedelta(hours=24)
    on_deadline: Verdict = Verdict.REJECT
    lease: timedelta = timedelta(minutes=5)
    undo: timedelta = timedelta(seconds=5)
    quorum: int = 1
    double_share: float = 0.0  # of the items that people see, how many two must agree on

    @property
    def doubled(self) -> int:
        """How many must agree on an item that is drawn for a second answer."""
        return max(self.quorum, 2)

    @property
    def answers(self) -> float:
        """How many answers an item is to be expected to take, where people agree."""
        return self.quorum + self.double_share * (self.doubled - self.quorum)


@dataclass(frozen=True, kw_only=True)
class PanelRules:
    """The blind panel: a share of all items, drawn before anything is known of them, that people
    judge without the AI's word. `holds`: their automatic decisions wait for it."""

    share: float = 0.0
    holds: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditRules:
    """Active audits: about this share of the automatic answers is judged by people afterwards,
    those near a threshold more often than the sure ones."""

    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ResumeRules:
    """How a verdict travels when the request does not say."""

    mode: ResumeMode = ResumeMode.NONE
    app: AppName | None = None


CLOSED = Thresholds(low=None, high=None)


@dataclass(frozen=True, kw_only=True)
class Certified:
    """Thresholds that a certificate earned. They are for c = calibrator(raw), where raw comes from
    `source` (see `source_of`), and for nothing else."""

    certificate: CertificateId
    source: str
    thresholds: Thresholds
    calibrator: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What an item is held against: thresholds, and the calibrator they are for.

    Without a calibrator the scorer's own holds. Earned thresholds are for scores of one `source`.
    `uncertified` says that a contract is to be kept and that nothing yet proves how, and
    `unknown_category` that the gate does not know the item's category: both sides are closed then.
    """

    thresholds: Thresholds
    calibrator: Mapping[str, Json] | None = None
    source: str | None = None
    uncertified: bool = False
    unknown_category: bool = False


class Stand(StrEnum):
    """What speaks for a gate's thresholds."""

    FIXED = "fixed"  # set by hand: nothing
    CERTIFIED = "certified"
    UNCERTIFIED = "uncertified"  # nothing yet, so people decide


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    """One version of a gate. `labels` is the order that logits and members follow.

    `scorer` judges every item; where `by_language` has entries these do instead, each the texts of
    its language, and `scorer` is the first of them.

    Its thresholds are fixed by hand, or earned under a risk contract: `certified` holds what was
    earned, by category and for the gate as a whole (None), and `adapted` what watching it at work
    has made stricter since.

    It knows the categories that have thresholds of their own, by hand (`categories`) or earned,
    those that are named in `aliases`, with what else callers may call them, and those whose labels
    its certificate rests on, which have an entry in `certified` too.
    """

    gate: GateName
    version: int
    scorer: str
    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]
    by_language: Mapping[Language, str] = field(default_factory=lambda: MappingProxyType({}))
    thresholds: Thresholds = CLOSED
    categories: Mapping[str, Thresholds] = field(default_factory=lambda: MappingProxyType({}))
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unknown_category: UnknownCategory = UnknownCategory.REVIEW
    category_required: bool = False
    contract: RiskContract | None = None
    certified: Mapping[str | None, Certified] = field(default_factory=lambda: MappingProxyType({}))
    adapted: Adapted | None = None
    fallback: FallbackRules = field(default_factory=FallbackRules)
    panel: PanelRules = field(default_factory=PanelRules)
    audits: AuditRules = field(default_factory=AuditRules)
    guards: GuardRules = field(default_factory=GuardRules)
    review: ReviewRules = field(default_factory=ReviewRules)
    resume: ResumeRules = field(default_factory=ResumeRules)
    samples: SampleAgreement = SampleAgreement.EXACT
    apps: tuple[AppName, ...] = ()
    created_at: datetime | None = None

    @property
    def stand(self) -> Stand:
        """What speaks for its thresholds."""
        if self.contract is None:
            return Stand.FIXED
        opened = any(one.thresholds != CLOSED for one in self.certified.values())
        return Stand.CERTIFIED if opened else Stand.UNCERTIFIED

    @property
    def mode(self) -> Mode | None:
        """Where it stands with its contract; None without one."""
        if self.contract is None:
            return None
        return self.adapted.mode if self.adapted else Mode.LEARNING

    @property
    def scorers(self) -> tuple[str, ...]:
        """The names of all that judge its items."""
        return tuple(dict.fromkeys(self.by_language.values())) or (self.scorer,)

    def scorer_for(self, item: Item) -> str | None:
        """Who judges the item; None where it is in no language that the gate has a scorer for."""
        if not self.by_language:
            return self.scorer
        language = language_of(item.text or "")
        return None if language is None else self.by_language.get(language)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return names_by_spelling({**dict.fromkeys(self.categories, ()), **self.aliases})

    @property
    def renamed(self) -> Mapping[str, str]:
        """The names of categories by those plain spellings that are not the name itself."""
        return {spelling: name for spelling, name in self._names.items() if spelling != name}

    def category_named(self, given: str | None) -> str | None:
        """The name of the category that a caller means, in its plain spelling where the policy
        does not name it."""
        if given is None or given in self.categories or given in self.aliases:
            return given
        spelling = plain(given)
        return self._names.get(spelling, spelling)

    def admits(self, category: str | None) -> bool:
        """Whether items of the category, by its name, may be decided without a person."""
        if category is None:
            return not self.category_required
        known = self.categories, self.aliases, self.certified
        inherits = self.unknown_category is UnknownCategory.INHERIT
        return inherits or any(category in names for names in known)

    def rule_for(self, category: str | None, source: str | None = None) -> Rule:
        """What an item is held against whose caller gives this category, or none: the category's
        own rule where it has one, else the gate's. People decide on a category that is not known.

        With `source`, for a score from there: what was earned on other scores does not apply.
        """
        name = self.category_named(category)
        if self.admits(name):
            return self._rule(name, source)
        rule = self._rule(None, source)
        if rule.uncertified:
            return rule
        return replace(rule, thresholds=CLOSED, unknown_category=True)

    @property
    def gate_rule(self) -> Rule:
        """What holds where a category has no rule of its own."""
        return self._rule(None, None)

    def _rule(self, category: str | None, source: str | None) -> Rule:
        if category is not None and category in self.categories:
            return Rule(thresholds=self.categories[category])
        if self.contract is None:
            return Rule(thresholds=self.thresholds)
        earned = self.certified.get(category) or self.certified.get(None)
        if earned is None:
            return Rule(thresholds=CLOSED, uncertified=True)
        if source is not None and source != earned.source:
            return Rule(thresholds=CLOSED, uncertified=True)
        level = self.adapted.level if self.adapted else None
        return Rule(
            thresholds=earned.thresholds if level is None else earned.thresholds.tightened(level),
            calibrator=earned.calibrator,
            source=earned.source,
            uncertified=earned.thresholds == CLOSED,
        )

    @property
    def panel_share(self) -> float:
        """The share of items that the panel draws now: as written, and more after an alarm."""
        return max(self.panel.share, self.adapted.panel_share if self.adapted else 0.0)

    @property
    def asks_blindly(self) -> bool:
        """Whether people are asked about decided items too: then the AI's word is hidden on all
        tasks, and their order is by lot, so that nobody can tell which these are."""
        return self.panel_share > 0 or self.audits.share > 0
