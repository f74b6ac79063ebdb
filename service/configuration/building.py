"""From what the file says to apps and policies, with what only the whole can show to be wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.configuration.sections import AppSection, GateSection, LanguageModelSection
from service.domain.app import App
from service.domain.category import collision, plain
from service.domain.decision import ResumeMode
from service.domain.errors import GateError
from service.domain.fallback import FallbackRules
from service.domain.gate import (
    CLOSED,
    SIGNALS_SCORER,
    AuditRules,
    GatePolicy,
    PanelRules,
    ResumeRules,
    ReviewRules,
)
from service.domain.gate_document import scorers_of
from service.domain.guard import GuardRules
from service.domain.ids import AppName, GateName
from service.domain.language import Language
from service.domain.language_model import LanguageModel
from service.domain.outcome import Verdict

_SIGNAL_LABELS = ("approve", "reject")


@dataclass(frozen=True, kw_only=True)
class BundleLabels:
    """What a bundle tells apart, and which of it its calibrator counts as approving.

    `languages` are those it reads; none where its card does not say.
    """

    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]
    languages: tuple[str, ...] = ()


type Key = str | tuple[str, ...]
"""Where in a gate something stands: `resume.app`, or its steps, where one may hold a dot."""


def steps_of(key: Key) -> tuple[str, ...]:
    return tuple(key.split(".")) if isinstance(key, str) else key


type Complaint = Callable[[Key, str], GateError]
"""The error that says of a key of the gate what is wrong with it."""

type Demand = Callable[[bool, Key, str], None]
"""Complains of a key where something does not hold."""

type LabelsOf = Callable[[str], BundleLabels]
"""The labels of a bundle by name. Raises GateError where there is no such bundle."""


def build_app(name: AppName, section: AppSection) -> App:
    return App(
        name=name,
        url=section.url.rstrip("/"),
        api_key=section.api_key,
        secrets=tuple(section.secrets),
        allow_internal=section.allow_internal,
        actions=MappingProxyType({v: section.actions.get(v, v.value) for v in Verdict}),
    )


def build_language_model(name: str, section: LanguageModelSection) -> LanguageModel:
    return LanguageModel(
        name=name,
        url=f"{section.url.rstrip('/')}/",
        model=section.model,
        answers=MappingProxyType(dict(section.answers)),
        approve_labels=tuple(section.approve_labels),
        question=section.question,
        api_key=section.api_key,
        timeout=section.timeout,
        at_once=section.at_once,
        extra=MappingProxyType(dict(section.extra)),
    )


def build_gate(
    gate: GateName,
    section: GateSection,
    apps: Mapping[AppName, App],
    labels_of: LabelsOf,
    complaint: Complaint,
) -> GatePolicy:
    """The policy that the section describes. Raises what `complaint` makes of a mistake."""

    def demand(holds: bool, key: Key, message: str) -> None:
        if not holds:
            raise complaint(key, message)

    scorer, by_language = scorers_of(section.scorer)
    _check_languages(section, by_language, labels_of, demand)
    labels, approve = _labels(section, labels_of, demand)
    for key, names in (("labels", labels), ("approve_labels", approve)):
        demand(len(set(names)) == len(names), key, "names a label twice: keep one")
    demand(
        set(approve) < set(labels),
        "approve_labels",
        f"must be some, not all, of the labels ({', '.join(labels)})",
    )
    for app in section.apps:
        demand(app in apps, "apps", f"names {app!r}, which is not under apps: add it there")
    mode, app_name = section.resume.mode, section.resume.app
    if mode.delivers:
        demand(app_name is not None, "resume", f"has mode {mode} and no app: name one")
    if app_name is not None:
        demand(
            app_name in section.apps,
            "resume.app",
            f"is {app_name!r}, which is not among the gate's apps: add it to the gate's apps list",
        )
        lacking = _lacking(mode, apps[AppName(app_name)])
        demand(lacking is None, "resume.app", f"is {app_name!r}, which has no {lacking}")
    _check_categories(section, demand)
    fallback = section.fallback
    demand(
        fallback is None or section.contract is None,
        "fallback",
        "stands beside a contract, whose rejections are proven and a rule's are not: take one out",
    )
    demand(
        fallback is None or section.scorer != SIGNALS_SCORER,
        "fallback",
        "is for when the gate's model fails, and this gate has none: take it out",
    )
    return GatePolicy(
        gate=gate,
        version=0,
        scorer=scorer,
        by_language=MappingProxyType(by_language),
        labels=labels,
        approve_labels=approve,
        thresholds=section.thresholds.value() if section.thresholds else CLOSED,
        contract=section.contract.value() if section.contract else None,
        categories=MappingProxyType(
            {
                name: category.thresholds.value()
                for name, category in section.categories.items()
                if category.thresholds
            }
        ),
        aliases=MappingProxyType(
            {name: tuple(category.aliases) for name, category in section.categories.items()}
        ),
        unknown_category=section.unknown_category,
        category_required=section.category_required,
        fallback=FallbackRules(
            reject_containing=tuple(fallback.reject_when.contains) if fallback else ()
        ),
        panel=PanelRules(share=section.panel_share, holds=section.panel_holds),
        audits=AuditRules(share=section.audits.share),
        guards=GuardRules(redaction=section.redact, **dict(section.guards)),
        review=ReviewRules(**dict(section.review)),
        resume=ResumeRules(mode=mode, app=AppName(app_name) if app_name else None),
        samples=section.samples,
        apps=tuple(AppName(app) for app in section.apps),
    )


def _lacking(mode: ResumeMode, app: App) -> str | None:
    """What the app would need to be resumed in this mode, and has not."""
    match mode:
        case ResumeMode.NATIVE_FORM if not app.api_key:
            return "api_key: native_form needs the app's API key"
        case ResumeMode.WEBHOOK if not app.secrets:
            return "secrets: a webhook is signed with one"
        case ResumeMode.CONTINUATION if not (app.api_key or app.secrets):
            return "api_key and no secrets: continuation needs one of them"
        case _:
            return None


def _labels(
    section: GateSection, labels_of: LabelsOf, demand: Demand
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The gate's labels and its approve_labels; what is not said is taken from the bundle."""
    scorer, by_language = scorers_of(section.scorer)
    if section.scorer == SIGNALS_SCORER:
        bundle = BundleLabels(labels=_SIGNAL_LABELS, approve_labels=_SIGNAL_LABELS[:1])
        labels = tuple(section.labels or bundle.labels)
        approve = tuple(section.approve_labels or bundle.approve_labels)
        return labels, approve
    first = _bundle(scorer, labels_of, demand)
    labels = tuple(section.labels or first.labels)
    approve = tuple(section.approve_labels or first.approve_labels)
    for name in dict.fromkeys(by_language.values()) or (scorer,):
        bundle = _bundle(name, labels_of, demand)
        demand(
            set(labels) == set(bundle.labels),
            "labels",
            f"must be the labels of bundle {name!r}: {', '.join(bundle.labels)}",
        )
        # A bundle's calibrator gives P(one of its own approve_labels); of others it says nothing.
        demand(
            set(approve) == set(bundle.approve_labels),
            "approve_labels",
            f"must be those that bundle {name!r} is calibrated for: "
            f"{', '.join(bundle.approve_labels)}",
        )
    return labels, approve


def _bundle(name: str, labels_of: LabelsOf, demand: Demand) -> BundleLabels:
    try:
        return labels_of(name)
    except GateError as error:
        demand(False, "scorer", f"is {name!r}: {error.detail} {error.fix}".rstrip("."))
        raise


def _check_categories(section: GateSection, demand: Demand) -> None:
    aliases = {name: category.aliases for name, category in section.categories.items()}
    for name, others in aliases.items():
        demand(bool(plain(name)), ("categories", name), "is blank: give the category a name")
        demand(
            all(map(plain, others)),
            ("categories", name, "aliases"),
            "holds a blank name: take it out",
        )
    if found := collision(aliases):
        name, spelling, other = found
        key = ("categories", name) if spelling == name else ("categories", name, "aliases")
        what = "is" if spelling == name else f"names {spelling!r}, which is"
        demand(
            False,
            key,
            f"{what} the category {other!r} too, for case, width and the space around it make no"
            " difference: keep it in one of the two",
        )


def _check_languages(
    section: GateSection,
    by_language: Mapping[Language, str],
    labels_of: LabelsOf,
    demand: Demand,
) -> None:
    for language, name in by_language.items():
        demand(
            name != SIGNALS_SCORER,
            f"scorer.{language}",
            f"is {SIGNALS_SCORER!r}, which reads no language: name a bundle",
        )
        reads = _bundle(name, labels_of, demand).languages
        demand(
            not reads or language in reads,
            f"scorer.{language}",
            f"is {name!r}, which reads {', '.join(reads)}",
        )
    # Bundles' scores are different scales, and a certificate is for the scores of one.
    demand(
        section.contract is None or len(set(by_language.values())) < 2,
        "contract",
        "cannot be kept over the scores of several bundles: make a gate for each language",
    )
