"""A policy as a JSON document: how a version is stored, compared, and read back.

What people wrote and what was earned stand apart: a policy that is written again as it was keeps
what it earned.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from service.domain.adaptation import Adapted, Mode
from service.domain.category import UnknownCategory, names_by_spelling, plain
from service.domain.certificate_document import contract_document, contract_of
from service.domain.decision import ResumeMode, Thresholds
from service.domain.fallback import FallbackRules
from service.domain.gate import (
    CLOSED,
    AuditRules,
    Certified,
    GatePolicy,
    PanelRules,
    ResumeRules,
    ReviewRules,
    SampleAgreement,
)
from service.domain.guard import GuardRules, Redaction
from service.domain.ids import AppName, CertificateId, GateName
from service.domain.language import Language
from service.domain.outcome import Verdict


def document_of(policy: GatePolicy) -> dict[str, Any]:
    """The policy's content (not its name, version or date): equal documents are equal policies."""
    document: dict[str, Any] = {
        "written": written_part(policy),
        "certified": _certified(policy),
    }
    if inherited := _inherited(policy):
        document["inherited"] = inherited
    return document if policy.adapted is None else document | {"adapted": _adapted(policy.adapted)}


def written_part(policy: GatePolicy) -> dict[str, Any]:
    """What people wrote of the policy, without what it earned."""
    # What is as it always was stays unsaid: gates written before it was known keep their documents.
    exact = policy.samples is SampleAgreement.EXACT
    unknown = policy.unknown_category
    return {
        **({} if exact else {"samples": policy.samples.value}),
        "scorer": dict(policy.by_language) or policy.scorer,
        "labels": list(policy.labels),
        "approve_labels": list(policy.approve_labels),
        "thresholds": _thresholds(policy.thresholds),
        "categories": categories_document(policy),
        **({"unknown_category": unknown.value} if unknown is not UnknownCategory.REVIEW else {}),
        **({"category_required": True} if policy.category_required else {}),
        "contract": None if policy.contract is None else contract_document(policy.contract),
        "panel": {"share": policy.panel.share, "holds": policy.panel.holds},
        **({"audits": asdict(policy.audits)} if policy.audits.share else {}),
        "guards": _written_guards(policy.guards),
        "review": {
            "deadline_seconds": policy.review.deadline.total_seconds(),
            "on_deadline": policy.review.on_deadline.value,
            "lease_seconds": policy.review.lease.total_seconds(),
            "undo_seconds": policy.review.undo.total_seconds(),
            "quorum": policy.review.quorum,
            **({"double_share": twice} if (twice := policy.review.double_share) else {}),
        },
        "resume": {"mode": policy.resume.mode.value, "app": policy.resume.app},
        "apps": list(policy.apps),
        # Left out where there are none: a gate that is written as it was is no new version.
        **({"fallback": fallback} if (fallback := _fallback(policy.fallback)) else {}),
    }


def policy_of(
    gate: GateName, version: int, document: Mapping[str, Any], created_at: datetime
) -> GatePolicy:
    """The policy that a document was written from. Raises KeyError or ValueError for another."""
    written = document["written"]
    review, resume = written["review"], written["resume"]
    scorer, by_language = scorers_of(written["scorer"])
    aliases = {
        name: tuple(category.get("aliases", ())) for name, category in written["categories"].items()
    }
    return GatePolicy(
        gate=gate,
        version=version,
        scorer=scorer,
        by_language=MappingProxyType(by_language),
        labels=tuple(written["labels"]),
        approve_labels=tuple(written["approve_labels"]),
        thresholds=Thresholds(**written["thresholds"]),
        categories=MappingProxyType(
            {
                name: Thresholds(**category["thresholds"])
                for name, category in written["categories"].items()
                if "thresholds" in category
            }
        ),
        aliases=MappingProxyType(aliases),
        unknown_category=UnknownCategory(written.get("unknown_category", UnknownCategory.REVIEW)),
        category_required=written.get("category_required", False),
        contract=None if written["contract"] is None else contract_of(written["contract"]),
        certified=MappingProxyType(_read_certified(document, aliases)),
        adapted=_read_adapted(document.get("adapted")),
        panel=PanelRules(**written["panel"]),
        audits=AuditRules(**written.get("audits", {})),
        guards=_guards(written.get("guards")),
        review=ReviewRules(
            deadline=timedelta(seconds=review["deadline_seconds"]),
            on_deadline=Verdict(review["on_deadline"]),
            lease=timedelta(seconds=review["lease_seconds"]),
            undo=timedelta(seconds=review["undo_seconds"]),
            quorum=review["quorum"],
            double_share=review.get("double_share", 0.0),
        ),
        resume=ResumeRules(mode=ResumeMode(resume["mode"]), app=resume["app"]),
        samples=SampleAgreement(written.get("samples", SampleAgreement.EXACT)),
        apps=tuple(AppName(app) for app in written["apps"]),
        fallback=FallbackRules(
            reject_containing=tuple(written.get("fallback", {}).get("reject_containing", ()))
        ),
        created_at=created_at,
    )


_LATER_GUARDS = ("complexity", "unresolved", "lawful")


def _written_guards(rules: GuardRules) -> dict[str, Any]:
    """Without what came later where it is as by default: a gate of before is no new version."""
    default = asdict(GuardRules())
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(rules).items()
        if name not in _LATER_GUARDS or value != default[name]
    }


def _guards(document: Mapping[str, Any] | None) -> GuardRules:
    if document is None:  # written before there were any
        return GuardRules()
    redaction, lawful = Redaction(document["redaction"]), tuple(document.get("lawful", ()))
    return GuardRules(**{**document, "redaction": redaction, "lawful": lawful})


def scorers_of(
    written: str | Mapping[str, str] | Mapping[Language, str],
) -> tuple[str, dict[Language, str]]:
    """A policy's `scorer` and `by_language`, from one name or a name for each language."""
    if isinstance(written, str):
        return written, {}
    by_language = {Language(language): name for language, name in written.items()}
    return next(iter(by_language.values())), by_language


def categories_document(policy: GatePolicy) -> dict[str, dict[str, Any]]:
    """The categories that are written down: of each what it has."""
    found: dict[str, dict[str, Any]] = {}
    for name in (*policy.categories, *(n for n in policy.aliases if n not in policy.categories)):
        own, aliases = policy.categories.get(name), policy.aliases.get(name)
        found[name] = {
            **({"thresholds": _thresholds(own)} if own else {}),
            **({"aliases": list(aliases)} if aliases else {}),
        }
    return found


def _inherited(policy: GatePolicy) -> list[str]:
    """The categories that stand on the gate's certificate, as it is: their names say it all."""
    whole = policy.certified.get(None)
    return sorted(name for name, earned in policy.certified.items() if name and earned == whole)


def _read_certified(
    document: Mapping[str, Any], aliases: Mapping[str, tuple[str, ...]]
) -> dict[str | None, Certified]:
    names = names_by_spelling(aliases)
    found: dict[str | None, Certified] = {}
    for earned in document["certified"]:
        scope = earned["scope"]
        if scope is not None:  # it may have been earned when every spelling was its own category
            scope = names.get(plain(scope), plain(scope))
        certified = Certified(
            certificate=CertificateId(earned["certificate"]),
            source=earned["source"],
            thresholds=Thresholds(**earned["thresholds"]),
            calibrator=earned["calibrator"],
        )
        # Of two certificates for one category neither says which holds, until there is another.
        found[scope] = replace(certified, thresholds=CLOSED) if scope in found else certified
    for name in document.get("inherited", ()):
        found[name] = found[None]
    return found


def _certified(policy: GatePolicy) -> list[dict[str, Any]]:
    inherited = frozenset(_inherited(policy))
    return [
        {
            "scope": scope,
            "certificate": earned.certificate,
            "source": earned.source,
            "thresholds": _thresholds(earned.thresholds),
            "calibrator": dict(earned.calibrator),
        }
        for scope, earned in policy.certified.items()
        if scope not in inherited
    ]


def _adapted(adapted: Adapted) -> dict[str, Any]:
    moments = {"since": adapted.since, "labels_since": adapted.labels_since}
    return {
        "mode": adapted.mode.value,
        "cause": adapted.cause,
        "level": adapted.level,
        "panel_share": adapted.panel_share,
        **{name: at and at.isoformat() for name, at in moments.items()},
    }


def _read_adapted(document: Mapping[str, Any] | None) -> Adapted | None:
    if document is None:
        return None
    after = document["labels_since"]
    return Adapted(
        mode=Mode(document["mode"]),
        cause=document["cause"],
        since=datetime.fromisoformat(document["since"]),
        level=document["level"],
        panel_share=document["panel_share"],
        labels_since=None if after is None else datetime.fromisoformat(after),
    )


def _fallback(rules: FallbackRules) -> dict[str, Any]:
    if not rules.reject_containing:
        return {}
    return {"reject_containing": list(rules.reject_containing)}


def _thresholds(thresholds: Thresholds) -> dict[str, float | None]:
    return {"low": thresholds.low, "high": thresholds.high}
