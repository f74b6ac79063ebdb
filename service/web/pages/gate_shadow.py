"""A gate's shadow on a page: the candidate beside the gate, and what to do with it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from service.configuration.writing import section_of
from service.domain.access import Scope
from service.domain.errors import ChangedMeanwhile, Conflict
from service.domain.shadow import ShadowState
from service.usecases.shadow.report import ShadowReport
from service.web.pages.errors import PageRoute
from service.web.pages.flow import to
from service.web.pages.gate_differences import Difference, differences, moves
from service.web.pages.gate_form import GateForm
from service.web.pages.gate_views import LATELY
from service.web.pages.gates import Fields, gate_of, over_of
from service.web.pages.rendering import render
from service.web.pages.sessions import Sender, SignedIn
from service.web.pages.standing import excerpt_of

router = APIRouter(route_class=PageRoute)

NOTICES = frozenset({"shadow_started", "shadow_stopped", "shadow_moved", "shadow_runs"})


@dataclass(frozen=True, kw_only=True)
class ShadowView:
    """A shadow, and how its candidate differs from the policy in force now."""

    report: ShadowReport
    differences: list[Difference]
    excerpts: dict[str, str]
    running: bool
    may_change: bool


@router.get("/gates/{gate}/shadow")
def show(gate: str, visitor: SignedIn, request: Request, notice: str | None = None) -> Response:
    """What the newest shadow has found."""
    services, policy = gate_of(request, gate, visitor)
    report = services.shadows.report(gate, visitor.principal, limit=LATELY.limit)
    view = ShadowView(
        report=report,
        differences=differences(policy, report.candidate),
        excerpts={one.id: excerpt_of(one.item) for one in report.decisions.values()},
        running=report.shadow.state is ShadowState.RUNNING,
        may_change=Scope.MANAGE in visitor.principal.scopes,
    )
    return render(
        request,
        "gate_shadow.html",
        visitor=visitor,
        csrf=visitor.csrf,
        policy=policy,
        view=view,
        moves=moves(report.moved),
        notice=notice if notice in NOTICES else None,
    )


@router.post("/gates/{gate}/shadow/stop")
def stop(gate: str, visitor: Sender, request: Request) -> Response:
    """End it; what it found stays to be read."""
    services, _ = gate_of(request, gate, visitor, Scope.MANAGE)
    try:
        services.shadows.trials.stop(gate, visitor.principal)
    except Conflict:  # somebody was faster: show how it stands
        return to(f"/gates/{gate}/shadow", notice="shadow_moved")
    return to(f"/gates/{gate}/shadow", notice="shadow_stopped")


@router.post("/gates/{gate}/shadow/adopt")
def adopt(gate: str, visitor: Sender, request: Request, fields: Fields) -> Response:
    """Put the candidate in force."""
    services, _ = gate_of(request, gate, visitor, Scope.MANAGE)
    try:
        services.shadows.trials.adopt(
            gate,
            lambda candidate: services.gates.workshop.policy(candidate.gate, section_of(candidate)),
            visitor.principal,
            over=over_of(GateForm(fields=fields)),
        )
    except (ChangedMeanwhile, Conflict):
        return to(f"/gates/{gate}/shadow", notice="shadow_moved")
    return to(f"/gates/{gate}", notice="gate_saved")
