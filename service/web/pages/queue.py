"""The queue: what waits, what is in one's hands, and where the last verdicts stand."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from service.domain.access import Principal, Scope
from service.domain.errors import GateError
from service.domain.ids import TaskId
from service.domain.review import WAITING, TaskState
from service.web.pages import cookies
from service.web.pages.cards import Hand, Row, hand_of, row_of
from service.web.pages.errors import PageRoute
from service.web.pages.flow import go_on, held_by, skipped_by
from service.web.pages.rendering import render
from service.web.pages.sessions import Sender, SignedIn
from service.web.pages.standing import Standing, standing_of
from service.web.services import Services, services_of

router = APIRouter(route_class=PageRoute)

MOST_WAITING = 100
MOST_DECIDED = 8
NOTICES = frozenset({"only_skipped", "lapsed", "too_late", "moved"})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A gate to filter by; `gate` is None for all of them."""

    gate: str | None
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Queue:
    """`waiting` counts what this viewer could take; `held` comes with the lease's token; `rows`
    are the most urgent that wait, in the order in which they are given out, of `listed_of` in all.
    """

    gate: str | None
    choices: list[Choice]
    waiting: int
    for_experts: int
    with_others: int
    held: list[tuple[Row, str]]
    rows: list[tuple[Row, Hand]]
    listed_of: int
    decided: list[Standing]
    may_review: bool


@router.get("/")
def home(_: SignedIn) -> Response:
    return RedirectResponse("/review", 303)


@router.get("/review")
def show(
    visitor: SignedIn,
    request: Request,
    gate: str | None = None,
    after: str | None = None,
    notice: str | None = None,
) -> Response:
    """The queue as this person may see it."""
    services = services_of(request)
    return render(
        request,
        "queue.html",
        visitor=visitor,
        csrf=visitor.csrf,
        queue=_queue(services, visitor.principal, gate or None),
        after=standing_after(request, visitor.principal, after),
        notice=notice if notice in NOTICES else None,
    )


@router.post("/review/next")
def begin(
    visitor: Sender, request: Request, gate: Annotated[str | None, Form()] = None
) -> Response:
    """Take the most urgent item, skipped ones included: a fresh start."""
    response = go_on(request, visitor.principal, gate=gate or None)
    if skipped_by(request):
        cookies.drop(request, response, cookies.SKIPPED)
    return response


def standing_after(request: Request, viewer: Principal, after: str | None) -> Standing | None:
    """Where the item answered, or skipped, before this page stands."""
    if not after:
        return None
    services = services_of(request)
    try:
        view = services.review.queries.read(TaskId(after), viewer)
    except GateError:  # an address typed by hand: nothing to tell
        return None
    return standing_of(view, viewer, services.clock.now(), skipped=after in skipped_by(request))


def _queue(services: Services, viewer: Principal, gate: str | None) -> Queue:
    now = services.clock.now()
    counts = services.review.queries.waiting(viewer)
    held = held_by(services, viewer, gate)
    waiting = services.review.queries.queue(viewer, gate=gate, limit=MOST_WAITING)
    return Queue(
        gate=gate,
        choices=[
            Choice(gate=name, waiting=for_viewer(counts, viewer, name))
            for name in (
                None,
                *(policy.gate for policy in services.gates.policies.visible_to(viewer)),
            )
        ],
        waiting=for_viewer(counts, viewer, gate),
        for_experts=0 if viewer.expert else total(counts, gate, TaskState.ESCALATED),
        with_others=max(0, total(counts, gate, TaskState.CLAIMED) - len(held)),
        held=[
            (row_of(view, now), view.task.lease.token if view.task.lease else "") for view in held
        ],
        rows=[(row_of(view, now), hand_of(view.task, viewer, now)) for view in waiting],
        listed_of=total(counts, gate, *WAITING),
        decided=_decided_by(services, viewer, gate),
        may_review=Scope.REVIEW in viewer.scopes,
    )


type Counts = dict[tuple[str, TaskState], int]


def total(counts: Counts, gate: str | None, *states: TaskState) -> int:
    """How many tasks of a gate (of all, where it is None) are in one of these states."""
    return sum(n for (name, state), n in counts.items() if state in states and gate in (None, name))


def for_viewer(counts: Counts, viewer: Principal, gate: str | None) -> int:
    """How many tasks this viewer could take."""
    escalated = total(counts, gate, TaskState.ESCALATED) if viewer.expert else 0
    return total(counts, gate, TaskState.PENDING) + escalated


def _decided_by(services: Services, viewer: Principal, gate: str | None) -> list[Standing]:
    now = services.clock.now()
    views = services.review.queries.answered_by(viewer, gate=gate, limit=MOST_DECIDED)
    return [standing_of(view, viewer, now) for view in views]
