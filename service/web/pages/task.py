"""One item: look at it, take it, answer it, give it back, take an answer back."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter

from plugin.contract.unique_keys import loads
from plugin.contract.values import Comment
from plugin.contract.values import Json as WireJson
from service.domain.access import Principal
from service.domain.errors import Conflict, InvalidInput
from service.domain.ids import TaskId
from service.domain.review import Answer
from service.domain.values import Json
from service.usecases.review.answers import AnswerOrder
from service.usecases.review.views import TaskView
from service.web.pages.cards import Card, as_text, card_of
from service.web.pages.errors import PageRoute
from service.web.pages.flow import go_on, remember_skipped, skipped_by, to
from service.web.pages.marked import pieces_of
from service.web.pages.queue import NOTICES, for_viewer, standing_after
from service.web.pages.rendering import render, safe_path
from service.web.pages.sessions import Sender, SignedIn
from service.web.pages.standing import standing_of
from service.web.services import Services, services_of

router = APIRouter(prefix="/review/tasks/{task_id}", route_class=PageRoute)

Field = Annotated[str, Form()]

_any_json: TypeAdapter[Json] = TypeAdapter(WireJson)


class BadEdit(InvalidInput):
    """The edited result cannot be used."""


@router.get("")
def show(
    task_id: str,
    visitor: SignedIn,
    request: Request,
    gate: str | None = None,
    after: str | None = None,
    notice: str | None = None,
) -> Response:
    """Only shows: whoever opens a link, a scanner included, claims nothing."""
    services, viewer = services_of(request), visitor.principal
    view = services.review.queries.read(TaskId(task_id), viewer)
    return render(
        request,
        "task.html",
        visitor=visitor,
        csrf=visitor.csrf,
        card=(card := _card(services, viewer, view)),
        item_pieces=pieces_of(card.text or "", services.review.marks.of_item(view.decision)),
        result_pieces=pieces_of(
            card.ai_result or "", services.review.marks.of_text(card.ai_result or "")
        ),
        explains=services.decisions.explain.can(view.decision),
        lost=False,
        gate=gate or "",
        after=standing_after(request, viewer, after),
        notice=notice if notice in NOTICES else None,
        more=for_viewer(services.review.queries.waiting(viewer), viewer, gate or None),
        now=services.clock.now(),
    )


@router.get("/standing")
def show_standing(
    task_id: str, visitor: SignedIn, request: Request, back: str = "/review"
) -> Response:
    """The quiet bar about an answered item, as it stands now."""
    services = services_of(request)
    view = services.review.queries.read(TaskId(task_id), visitor.principal)
    standing = standing_of(
        view, visitor.principal, services.clock.now(), skipped=task_id in skipped_by(request)
    )
    return render(
        request,
        "bar.html",
        visitor=visitor,
        csrf=visitor.csrf,
        standing=standing,
        back=safe_path(back),
        gate=_gate_of(safe_path(back)),
    )


@router.post("/claim")
def claim(task_id: str, visitor: Sender, request: Request, gate: Field = "") -> Response:
    """Take this very item, if nobody else was faster."""
    try:
        services_of(request).review.commands.claim_one(TaskId(task_id), visitor.principal)
    except Conflict:
        return to(f"/review/tasks/{task_id}", gate=gate, notice="moved")
    return to(f"/review/tasks/{task_id}", gate=gate)


@router.post("/answer")
def answer(
    task_id: str,
    visitor: Sender,
    request: Request,
    answer: Annotated[Answer, Form()],
    lease: Field,
    comment: Annotated[Comment, Form()] = "",
    edited: Annotated[str | None, Form()] = None,
    gate: Field = "",
) -> Response:
    """Record the answer, then go on to the next item."""
    services, viewer = services_of(request), visitor.principal
    view = services.review.queries.read(TaskId(task_id), viewer)
    order = AnswerOrder(
        task_id=view.task.id,
        lease_token=lease,
        answer=answer,
        comment=_lines(comment).strip(),
        edited_result=_edit(view, edited) if answer is Answer.APPROVE else None,
        undo_window=services.gates.policies.get(view.task.gate, viewer).review.undo,
    )
    try:
        services.review.commands.answer(order, viewer)
    except Conflict:
        return to(f"/review/tasks/{task_id}", gate=gate, notice="lapsed")
    return go_on(
        request, viewer, gate=gate or None, after=view.task.id, skipping=skipped_by(request)
    )


@router.post("/release")
def release(
    task_id: str,
    visitor: Sender,
    request: Request,
    lease: Field,
    gate: Field = "",
    then: Field = "next",
) -> Response:
    """Give the item back unanswered, for somebody else or for later."""
    try:
        services_of(request).review.commands.release(TaskId(task_id), lease, visitor.principal)
    except Conflict:
        return to(f"/review/tasks/{task_id}", gate=gate, notice="lapsed")
    if then == "queue":
        return to("/review", gate=gate)
    skipping = (*skipped_by(request), task_id)
    return go_on(
        request, visitor.principal, gate=gate or None, after=TaskId(task_id), skipping=skipping
    )


@router.post("/renew")
def renew(
    task_id: str, visitor: Sender, request: Request, lease: Field, gate: Field = ""
) -> Response:
    """Keep the item while its page is open; where that failed, say so in the buttons' place."""
    services, viewer = services_of(request), visitor.principal
    try:
        services.review.commands.renew(TaskId(task_id), lease, viewer)
    except Conflict:
        card = _card(services, viewer, services.review.queries.read(TaskId(task_id), viewer))
        return render(
            request,
            "hold.html",
            visitor=visitor,
            csrf=visitor.csrf,
            card=card,
            gate=gate,
            lost=True,
        )
    return Response(status_code=204)


@router.post("/undo")
def undo(task_id: str, visitor: Sender, request: Request, back: Field = "/review") -> Response:
    """Take an answer, or a skip, back: the item is in one's hands again, if nobody was faster."""
    path, skipped = safe_path(back), skipped_by(request)
    try:
        _take_back(services_of(request), visitor.principal, TaskId(task_id), skipped)
    except Conflict:
        notice = "moved" if task_id in skipped else "too_late"
        return RedirectResponse(path + ("&" if "?" in path else "?") + f"notice={notice}", 303)
    response = to(f"/review/tasks/{task_id}", gate=_gate_of(path))
    remember_skipped(request, response, tuple(one for one in skipped if one != task_id))
    return response


def _take_back(
    services: Services, viewer: Principal, task: TaskId, skipped: tuple[str, ...]
) -> None:
    try:
        services.review.commands.undo(task, viewer)
    except Conflict:
        if task not in skipped:
            raise
        services.review.commands.claim_one(task, viewer)


def _gate_of(path: str) -> str | None:
    """The gate that the page at this path was filtered by."""
    return next(iter(parse_qs(urlsplit(path).query).get("gate", [])), None)


def _card(services: Services, viewer: Principal, view: TaskView) -> Card:
    lease = services.gates.policies.get(view.task.gate, viewer).review.lease
    return card_of(view, viewer, services.clock.now(), lease)


def _lines(text: str) -> str:
    """As it was typed: a browser sends every line break as CR LF."""
    return text.replace("\r\n", "\n")


def _edit(view: TaskView, edited: str | None) -> Json:
    """What goes on in the place of the AI's result; None where nothing was changed."""
    original = view.decision.ai_result
    if edited is None or original is None or _lines(edited) == _lines(as_text(original)):
        return None
    value: Json = _lines(edited)
    try:
        if not isinstance(original, str):
            value = loads(edited)
        value = _any_json.validate_python(value)
    except (ValueError, RecursionError) as error:
        raise BadEdit(f"The edited result is not JSON as it must be: {error}") from None
    if value is None or (isinstance(value, str) and not value.strip()):
        raise BadEdit("The edited result is empty: reject the item instead.")
    return value
