"""Replay: what another policy would have done with the decisions recorded."""

from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Request

from plugin.contract import gates as wire
from service.domain.certificate import BadContract, Costs
from service.domain.errors import InvalidInput
from service.thresholds.replay import ZONES
from service.thresholds.tally import Figures, Share, Side
from service.usecases.insight.replay import ReplayOrder, Report
from service.web.api import present
from service.web.auth import Caller
from service.web.services import services_of
from service.web.text.certificates import in_chinese, in_english

router = APIRouter(tags=["gates"])


@router.post("/gates/{gate}/replay")
def replay(
    gate: str, asked: wire.ReplayRequest, caller: Caller, request: Request
) -> wire.ReplayReport:
    """What the candidate would have decided, beside the policy in force; changes nothing."""
    services = services_of(request)
    known = services.gates.policies.get(gate, caller)
    if asked.put_back is not None and asked.candidate:
        raise InvalidInput("A replay is of a candidate or of a version.", fix="Send one of them.")
    candidate = (
        services.gates.changes.restored(gate, asked.put_back, caller)
        if asked.put_back is not None
        else services.gates.workshop.changed(known, asked.candidate)
    )
    order = ReplayOrder(
        since=asked.since,
        until=asked.until,
        limit=asked.limit,
        costs=None if asked.costs is None else _costs(asked.costs),
    )
    return report(services.gates.replay(candidate, caller, order))


def report(found: Report) -> wire.ReplayReport:
    return wire.ReplayReport(
        gate=found.proposed.gate,
        policy_version=found.policy_version,
        since=found.since,
        until=found.until,
        in_force=figures(found.in_force, found.days),
        candidate=figures(found.candidate, found.days),
        thresholds=present.thresholds(found.proposed.gate_rule.thresholds),
        agreement=share(found.agreement),
        moved=moved(found.moved),
        unknown=found.unknown,
        certificates=[
            {"en": in_english(one), "zh-Hans": in_chinese(one)} for one in found.certificates
        ],
    )


def figures(found: Figures, days: float | None) -> wire.PolicyFigures:
    return wire.PolicyFigures(
        items=found.items,
        automation=found.automation,
        reviews=found.reviews,
        reviews_a_day=found.reviews / days if days else None,
        audits=found.audits,
        approvals=_side(found.approvals),
        rejections=_side(found.rejections),
        wrong_answers=share(found.wrong_answers),
        system_error=share(found.system_error),
        cost=wire.CostFound(**asdict(found.cost)) if found.cost else None,
    )


def moved(counts: Sequence[Sequence[int]]) -> dict[str, dict[str, int]]:
    return {
        zone.value: {other.value: n for other, n in zip(ZONES, row, strict=True)}
        for zone, row in zip(ZONES, counts, strict=True)
    }


def _side(side: Side) -> wire.SideFound:
    return wire.SideFound(
        decided=side.decided,
        judged=side.judged,
        wrong=side.wrong,
        most_wrong=side.most_wrong,
        panel=share(side.panel),
    )


def share(found: Share) -> wire.ShareFound:
    return wire.ShareFound(value=found.value, **asdict(found))


def _costs(given: dict[str, float]) -> Costs:
    try:
        return Costs(**given)
    except TypeError as error:
        raise BadContract(
            f"These are no costs: {error}.",
            fix="Costs are wrong_approval, wrong_rejection and review_minute, and optionally "
            "minutes_per_review and scoring.",
        ) from error
