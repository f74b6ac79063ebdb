"""Shadows: a candidate beside the gate, on what comes in."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from plugin.contract import gates as gate_wire
from plugin.contract import shadows as wire
from service.configuration.writing import section_of
from service.domain.shadow import Shadow
from service.usecases.insight.replay import DEFAULT_LIMIT, MOST
from service.usecases.shadow.lifecycle import candidate_of
from service.usecases.shadow.report import ShadowReport
from service.web.api import present
from service.web.api.gates import etag, version_of, version_told
from service.web.api.replays import figures, moved, share
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["gates"])


@router.put("/gates/{gate}/shadow")
def start(
    gate: str, asked: wire.ShadowRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> wire.ShadowSummary:
    """Try a candidate on what comes in from now on; it decides nothing."""
    services = services_of(request)
    known = services.gates.policies.get(gate, caller)
    candidate = (
        services.gates.changes.restored(gate, asked.put_back, caller)
        if asked.put_back is not None
        else services.gates.workshop.changed(known, asked.candidate)
    )
    with keyed.answering(_summary) as answer:
        answer.of(
            services.shadows.trials.start(
                candidate, caller, note=asked.note, request=answer.request
            )
        )
    return wire.ShadowSummary(**answer.body)


@router.get("/gates/{gate}/shadow")
def read(
    gate: str,
    caller: Caller,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST)] = DEFAULT_LIMIT,
) -> wire.ShadowReport:
    """What the newest shadow has found: the gate and the candidate on the same items."""
    return _report(services_of(request).shadows.report(gate, caller, limit=limit))


@router.delete("/gates/{gate}/shadow")
def stop(gate: str, caller: Caller, keyed: KeyedCall, request: Request) -> wire.ShadowSummary:
    """End the shadow; what it has found stays."""
    with keyed.answering(_summary) as answer:
        answer.of(services_of(request).shadows.trials.stop(gate, caller, request=answer.request))
    return wire.ShadowSummary(**answer.body)


@router.post("/gates/{gate}/shadow/adopt", responses={200: {"model": gate_wire.GateVersion}})
def adopt(
    gate: str,
    caller: Caller,
    keyed: KeyedCall,
    request: Request,
    if_match: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Put the candidate in force, over the version that `If-Match` names, and end the shadow."""
    services = services_of(request)
    over = version_of(if_match)
    with keyed.answering(version_told) as answer:
        answer.of(
            services.shadows.trials.adopt(
                gate,
                lambda candidate: services.gates.workshop.policy(
                    candidate.gate, section_of(candidate)
                ),
                caller,
                over=over,
                request=answer.request,
            )
        )
    return JSONResponse(answer.body, headers={"ETag": etag(answer.body["version"])})


def _summary(shadow: Shadow) -> dict[str, Any]:
    candidate = candidate_of(shadow)
    summary = wire.ShadowSummary(
        gate=shadow.gate,
        number=shadow.number,
        state=shadow.state.value,
        over=shadow.over,
        scores="own" if shadow.judges else "recorded",
        started_at=shadow.started_at,
        started_by=shadow.started_by,
        note=shadow.note,
        ended_at=shadow.ended_at,
        ended_by=shadow.ended_by,
        policy=section_of(candidate),
        thresholds=present.thresholds(candidate.gate_rule.thresholds),
    )
    return summary.model_dump(mode="json")


def _report(found: ShadowReport) -> wire.ShadowReport:
    return wire.ShadowReport(
        **_summary(found.shadow),
        since=found.since,
        until=found.until,
        live=figures(found.live, found.days),
        candidate=figures(found.shadowed, found.days),
        agreement=share(found.agreement),
        moved=moved(found.moved),
        unknown=found.unknown,
        partings=[
            wire.ShadowParting(
                decision_id=one.decision_id,
                live=one.one.value,
                candidate=one.other.value,
                right=one.right,
            )
            for one in found.partings
        ],
    )
