"""The gates' pages: what each does and promises, its history, and how it is changed."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from plugin.contract.gates import MAX_VERSION
from service.domain.access import Principal, Scope
from service.domain.errors import BadPolicy, ChangedMeanwhile, InvalidInput, ShadowRuns
from service.domain.gate import GatePolicy
from service.usecases.gates.policy_versions import policy_from
from service.usecases.insight.replay import Report
from service.web.pages.errors import PageRoute
from service.web.pages.flow import to
from service.web.pages.gate_differences import differences, moves
from service.web.pages.gate_form import (
    OF_THE_FORM,
    GateForm,
    Mistake,
    changes_in,
    fields_of,
    form_of,
)
from service.web.pages.gate_views import LATELY, TROUBLED, row_of, view_of
from service.web.pages.rendering import render
from service.web.pages.sessions import Sender, SignedIn, Visitor
from service.web.services import Services, services_of

router = APIRouter(route_class=PageRoute)

SAVE, SHADOW = "save", "shadow"
LONGEST_NOTE = 1000
NOTICES = frozenset({"gate_saved", "gate_unchanged", "gate_put_back"})

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]
Fields = Annotated[dict[str, str], Depends(fields_of)]


@router.get("/gates")
def browse(visitor: SignedIn, request: Request) -> Response:
    """The gates that this person may see."""
    _may_look(visitor.principal)
    services = services_of(request)
    rows = [row_of(services, one) for one in services.gates.policies.visible_to(visitor.principal)]
    return render(
        request,
        "gates.html",
        visitor=visitor,
        csrf=visitor.csrf,
        rows=rows,
        troubled=[row for row in rows if row.policy.mode in TROUBLED],
    )


@router.get("/gates/{gate}")
def show(gate: str, visitor: SignedIn, request: Request, notice: str | None = None) -> Response:
    """What the gate does, promises and costs, and how it came to that."""
    services, policy = gate_of(request, gate, visitor)
    return render(
        request,
        "gate.html",
        visitor=visitor,
        csrf=visitor.csrf,
        gate=view_of(services, policy, visitor.principal),
        notice=notice if notice in NOTICES else None,
    )


@router.get("/gates/{gate}/edit")
def edit(gate: str, visitor: SignedIn, request: Request) -> Response:
    """The form, as the policy stands."""
    _, policy = gate_of(request, gate, visitor, Scope.MANAGE)
    return _form(request, visitor, policy, form_of(policy))


@router.post("/gates/{gate}/edit")
def change(gate: str, visitor: Sender, request: Request, fields: Fields) -> Response:
    """Show what the change would have done, or save it."""
    services, policy = gate_of(request, gate, visitor, Scope.MANAGE)
    form = GateForm(fields=fields)
    changes, mistakes = changes_in(form)
    if mistakes:
        return _form(request, visitor, policy, replace(form, mistakes=mistakes))
    try:
        candidate = services.gates.workshop.changed(policy, changes)
    except BadPolicy as refused:
        return _form(request, visitor, policy, replace(form, mistakes=_told(refused)))
    if form.value("step") not in (SAVE, SHADOW):
        report = services.gates.replay(candidate, visitor.principal, LATELY)
        return _form(request, visitor, policy, form, report, candidate)
    if form.value("step") == SHADOW:
        return _tried(services, candidate, visitor, form)
    try:
        stored = services.gates.changes.put(
            gate,
            lambda known: services.gates.workshop.changed(known, changes),
            visitor.principal,
            over=over_of(form),
            note=form.value("note")[:LONGEST_NOTE],
        )
    except ChangedMeanwhile:
        mistake = Mistake(name=None, said="changed_meanwhile")
        return _form(request, visitor, policy, replace(form, mistakes=[mistake]))
    fresh = stored.version != policy.version
    return to(f"/gates/{gate}", notice="gate_saved" if fresh else "gate_unchanged")


@router.get("/gates/{gate}/versions/{version}")
def show_version(gate: str, version: Number, visitor: SignedIn, request: Request) -> Response:
    """What a version said, and what putting it back would change."""
    services, policy = gate_of(request, gate, visitor)
    stored = services.gates.policies.version(gate, version, visitor.principal)
    restored = services.gates.changes.restored(gate, version, visitor.principal)
    report = _replayed(services, restored, visitor.principal)
    return render(
        request,
        "gate_version.html",
        visitor=visitor,
        csrf=visitor.csrf,
        policy=policy,
        stored=stored,
        then=policy_from(stored),
        differences=differences(restored, policy),
        report=report,
        moves=moves(report.moved) if report else [],
        may_change=Scope.MANAGE in visitor.principal.scopes,
        longest_note=LONGEST_NOTE,
    )


@router.post("/gates/{gate}/versions/{version}/put-back")
def put_back(
    gate: str, version: Number, visitor: Sender, request: Request, fields: Fields
) -> Response:
    """Put the version back."""
    services, _ = gate_of(request, gate, visitor, Scope.MANAGE)
    form = GateForm(fields=fields)
    services.gates.changes.put_back(
        gate,
        version,
        visitor.principal,
        over=over_of(form),
        note=form.value("note")[:LONGEST_NOTE],
    )
    return to(f"/gates/{gate}", notice="gate_put_back")


def _tried(services: Services, candidate: GatePolicy, visitor: Visitor, form: GateForm) -> Response:
    """Start the candidate in shadow, and show how it stands."""
    note = form.value("note")[:LONGEST_NOTE]
    try:
        services.shadows.trials.start(candidate, visitor.principal, note=note)
    except ShadowRuns:
        return to(f"/gates/{candidate.gate}/shadow", notice="shadow_runs")
    return to(f"/gates/{candidate.gate}/shadow", notice="shadow_started")


def gate_of(
    request: Request, name: str, visitor: Visitor, *scopes: Scope
) -> tuple[Services, GatePolicy]:
    services = services_of(request)
    _may_look(visitor.principal)
    policy = services.gates.policies.get(name, visitor.principal)
    if scopes:
        visitor.principal.demand(*scopes)
    return services, policy


def _replayed(services: Services, candidate: GatePolicy, viewer: Principal) -> Report | None:
    """The replay of a candidate; None where it scores otherwise, which no replay can tell."""
    try:
        return services.gates.replay(candidate, viewer, LATELY)
    except InvalidInput:
        return None


def _may_look(principal: Principal) -> None:
    principal.demand(Scope.READ, Scope.MANAGE)


def _form(
    request: Request,
    visitor: Visitor,
    policy: GatePolicy,
    form: GateForm,
    report: Report | None = None,
    candidate: GatePolicy | None = None,
) -> Response:
    return render(
        request,
        "gate_edit.html",
        status=422 if form.mistakes else 200,
        visitor=visitor,
        csrf=visitor.csrf,
        policy=policy,
        form=form,
        report=report,
        moves=moves(report.moved) if report else [],
        differences=differences(policy, candidate) if candidate else [],
        longest_note=LONGEST_NOTE,
    )


def _told(refused: BadPolicy) -> list[Mistake]:
    return [
        Mistake(name=OF_THE_FORM.get(where), detail=f"{where} {what}")
        for where, what in refused.mistakes
    ]


def over_of(form: GateForm) -> int:
    """The version that the form was filled in on; none that exists where it does not say."""
    over = form.value("over")
    return int(over) if over.isdecimal() and len(over) < 10 else 0
