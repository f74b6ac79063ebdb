"""The gates in force: what they say, what they stand on, their history, and how they change."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from plugin.contract import gates as wire
from plugin.contract.tasks import DEFAULT_PAGE, MAX_PAGE
from service.configuration.writing import section_of
from service.domain.certificate import Certificate
from service.domain.certificate_document import certificate_of, contract_document
from service.domain.errors import ChangedMeanwhile, InvalidInput, VersionNotNamed
from service.domain.gate import GatePolicy
from service.domain.ids import CertificateId
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.thresholds import ecusum
from service.thresholds.safety.look import Watch
from service.thresholds.workload import Workload
from service.usecases.gates.policy_versions import policy_from
from service.usecases.insight.gate_report import AuditReport
from service.web.api import present
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of
from service.web.text.certificates import in_chinese, in_english

router = APIRouter(tags=["gates"])


@router.get("/gates")
def browse(caller: Caller, request: Request) -> wire.GateList:
    """The gates that the key may ask: what the editor's drop-down offers."""
    visible = services_of(request).gates.policies.visible_to(caller)
    return wire.GateList(gates=[wire.GateSummary(**_summary(policy)) for policy in visible])


@router.get("/gates/{gate}")
def read(gate: str, caller: Caller, request: Request, response: Response) -> wire.Gate:
    """The policy in force, and in words what it promises. Its version is the ETag."""
    services = services_of(request)
    policy = services.gates.policies.get(gate, caller)
    response.headers["ETag"] = etag(policy.version)
    return wire.Gate(
        **_summary(policy),
        standing=policy.stand.value,
        thresholds=present.thresholds(policy.gate_rule.thresholds),
        categories={
            name: present.thresholds(policy.rule_for(name).thresholds)
            for name in sorted(
                {*policy.categories, *policy.aliases, *filter(None, policy.certified)}
            )
        },
        contract=contract_document(policy.contract) if policy.contract else None,
        certificates=[
            certificate_summary(one.id, certificate_of(one.document), one.created_at)
            for one in services.gates.policies.certificates(policy)
        ],
        labels_needed=[
            wire.LabelsNeeded(**asdict(one)) for one in services.gates.learner.outlook(policy)
        ],
        adaptation=_adaptation(policy),
        watch=_watch(services.gates.watcher.watch(policy)),
        audits=_audits(services.gates.report.audits(policy)),
        workload=_workload(services.gates.watcher.workload(policy)),
        policy=section_of(policy),
        file_ignored=services.gates.policies.is_overruled(policy.gate),
    )


@router.put("/gates/{gate}", responses={200: {"model": wire.GateVersion}})
def put(
    gate: str,
    change: wire.GateChange,
    caller: Caller,
    keyed: KeyedCall,
    request: Request,
    if_match: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Put another policy in force, or an earlier version back: a new version either way.

    `If-Match` names the version that it goes over, so that nobody's change is lost; `*` takes
    whichever there is.
    """
    services = services_of(request)
    over = version_of(if_match)
    with keyed.answering(version_told) as answer:
        if change.put_back is not None:
            stored = services.gates.changes.put_back(
                gate, change.put_back, caller, over=over, note=change.note, request=answer.request
            )
        else:
            document = dict(change.policy or {})
            stored = services.gates.changes.put(
                gate,
                lambda known: services.gates.workshop.policy(known.gate, document),
                caller,
                over=over,
                note=change.note,
                request=answer.request,
            )
        answer.of(stored)
    return JSONResponse(answer.body, headers={"ETag": etag(answer.body["version"])})


@router.get("/gates/{gate}/charts")
def charts(gate: str, caller: Caller, request: Request) -> wire.GateCharts:
    """How the gate is doing since it was last changed: what is usual, and what leaves it."""
    found = services_of(request).gates.charts(gate, caller)
    return wire.GateCharts(
        gate=gate,
        since=found.since,
        until=found.until,
        charts=[
            wire.ControlChart(
                indicator=one.indicator.value,
                a_point=one.a_point,
                usual=one.usual,
                needed=one.needed,
                out=one.out,
                points=[wire.ChartPoint(**asdict(point), out=point.out) for point in one.points],
            )
            for one in found.charts
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
    found = services_of(request).gates.policies.versions(gate, caller, page)
    return wire.GateVersions(
        versions=[wire.GateVersion(**version_told(one)) for one in found],
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


def version_told(stored: StoredPolicy) -> dict[str, Any]:
    policy, change = policy_from(stored), stored.change
    version = wire.GateVersion(
        version=stored.version,
        cause=change.cause.value,
        actor=change.actor,
        note=change.note,
        restores=change.restores,
        created_at=stored.created_at,
        policy=section_of(policy),
        earned=[
            wire.EarnedThresholds(
                scope=scope,
                certificate=one.certificate,
                thresholds=present.thresholds(one.thresholds),
            )
            for scope, one in policy.certified.items()
            if scope is None or one != policy.certified.get(None)
        ],
    )
    return version.model_dump(mode="json")


def etag(version: int) -> str:
    return f'"{version}"'


def version_of(if_match: str | None) -> int | None:
    """The version that a change goes over; None for whichever there is."""
    if if_match is None:
        raise VersionNotNamed
    if if_match.strip() == "*":
        return None
    named = re.fullmatch(r'"([0-9]{1,9})"', if_match.strip())
    if named is None:
        raise ChangedMeanwhile(f"The gate has no version {if_match}.")
    return int(named[1])


def _adaptation(policy: GatePolicy) -> wire.Adaptation | None:
    adapted = policy.adapted
    if adapted is None:
        return None
    return wire.Adaptation(
        mode=adapted.mode.value,
        cause=adapted.cause,
        since=adapted.since,
        thresholds=present.thresholds(policy.gate_rule.thresholds),
        panel_share=policy.panel_share,
    )


def _watch(found: Watch | None) -> wire.WatchReport | None:
    if found is None:
        return None
    return wire.WatchReport(
        labels=found.labels,
        evidence={promise.value: alarm.evidence for promise, alarm in found.alarms.items()},
        alarm_at=ecusum.LIMIT,
        ks_p_value=found.shift.ks_p_value if found.shift else None,
        psi=found.shift.psi if found.shift else None,
    )


def _audits(found: AuditReport | None) -> wire.Audits | None:
    if found is None:
        return None
    return wire.Audits(
        wrong_answers=wire.AuditEstimate(**asdict(found.answers)),
        wrong_approvals=wire.AuditEstimate(**asdict(found.approvals)),
        wrong_rejections=wire.AuditEstimate(**asdict(found.rejections)),
    )


def _workload(found: Workload | None) -> wire.Workload | None:
    if found is None:
        return None
    return wire.Workload(
        items_a_day=found.items_a_day,
        reviews_a_day=found.reviews_a_day,
        capacity=found.capacity,
        exceeded=found.exceeded,
    )


def certificate_summary(
    certificate_id: CertificateId, certificate: Certificate, issued_at: datetime
) -> wire.CertificateSummary:
    """A certificate as the API tells of it."""
    return wire.CertificateSummary(
        id=certificate_id,
        scope=certificate.scope,
        in_words={"en": in_english(certificate), "zh-Hans": in_chinese(certificate)},
        thresholds=present.thresholds(certificate.thresholds),
        labels=certificate.labels,
        coverage=certificate.coverage,
        issued_at=issued_at,
    )
