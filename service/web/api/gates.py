"""The gates in force: what they say, what they stand on, and their history."""

import re
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from plugin.contract import gates as wire
from plugin.contract.tasks import DEFAULT_PAGE, MAX_PAGE
from service.domain.certificate_document import certificate_of, contract_document
from service.domain.certificate_words import in_chinese, in_english
from service.domain.errors import InvalidInput
from service.domain.gate import CLOSED, GatePolicy
from service.ports.store import Page, StoredCertificate
from service.web.api import present
from service.web.auth import Caller
from service.web.services import services_of

router = APIRouter(tags=["gates"])


@router.get("/gates")
def browse(caller: Caller, request: Request) -> wire.GateList:
    """The gates that the key may ask: what the editor's drop-down offers."""
    visible = services_of(request).gates.visible_to(caller)
    return wire.GateList(gates=[wire.GateSummary(**_summary(policy)) for policy in visible])


@router.get("/gates/{gate}")
def read(gate: str, caller: Caller, request: Request) -> wire.Gate:
    """The policy in force, and in words what it promises."""
    services = services_of(request)
    policy = services.gates.get(gate, caller)
    return wire.Gate(
        **_summary(policy),
        standing=_standing(policy),
        thresholds=present.thresholds(policy.rule_for(None).thresholds),
        categories={
            name: present.thresholds(policy.rule_for(name).thresholds)
            for name in sorted({*policy.categories, *filter(None, policy.certified)})
        },
        contract=contract_document(policy.contract) if policy.contract else None,
        certificates=[_certificate(one) for one in services.gates.certificates(policy)],
        labels_needed=[
            wire.LabelsNeeded(**asdict(one)) for one in services.learner.outlook(policy)
        ],
    )


@router.get("/gates/{gate}/versions")
def versions(
    gate: str,
    caller: Caller,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
    cursor: str | None = None,
) -> wire.GateVersions:
    """The gate's history, newest first, each version with its cause."""
    if cursor is not None and not re.fullmatch(r"[0-9]{1,9}", cursor):
        raise InvalidInput("The cursor is not one we gave.", fix="Start again without it.")
    page = Page(limit=limit, before=cursor)
    found = services_of(request).gates.versions(gate, caller, page)
    return wire.GateVersions(
        versions=[
            wire.GateVersion(
                version=one.version,
                cause=one.cause,
                created_at=one.created_at,
                policy=one.document,
            )
            for one in found
        ],
        next_cursor=str(found[-1].version) if len(found) == limit else None,
    )


def _summary(policy: GatePolicy) -> dict[str, Any]:
    return {
        "name": policy.gate,
        "policy_version": policy.version,
        "labels": list(policy.labels),
        "approve_labels": list(policy.approve_labels),
        "apps": list(policy.apps),
        "resume_mode": policy.resume.mode.value,
    }


def _standing(policy: GatePolicy) -> str:
    if policy.contract is None:
        return "fixed"
    earned = (one.thresholds for one in policy.certified.values())
    return "certified" if any(one != CLOSED for one in earned) else "uncertified"


def _certificate(stored: StoredCertificate) -> wire.CertificateSummary:
    certificate = certificate_of(stored.document)
    return wire.CertificateSummary(
        id=stored.id,
        scope=certificate.scope,
        in_words={"en": in_english(certificate), "zh-Hans": in_chinese(certificate)},
        thresholds=present.thresholds(certificate.thresholds),
        labels=certificate.labels,
        coverage=certificate.coverage,
        issued_at=stored.created_at,
    )
