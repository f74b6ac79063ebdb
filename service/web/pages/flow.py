"""One item after the other: which is next, and what was put aside on the way."""

from datetime import timedelta
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from service.domain.access import Principal
from service.domain.ids import TaskId
from service.domain.review import ReviewTask, TaskState, has_lapsed
from service.ports.page import Page
from service.usecases.review.views import TaskView
from service.web.pages import cookies
from service.web.services import Services, services_of

SKIPPED_FOR = timedelta(minutes=15)
MOST_SKIPPED = 20
MOST_HELD = 20


def take_next(
    services: Services, principal: Principal, gate: str | None, skipped: tuple[str, ...]
) -> ReviewTask | None:
    """The next task in this reviewer's hands: one already held, else the most urgent that waits.

    Tasks skipped a moment ago are left to others. None where nothing else waits.
    """
    if held := held_by(services, principal, gate):
        return held[0].task
    aside: list[ReviewTask] = []
    try:
        while task := _claim(services, principal, gate):
            if task.id not in skipped:
                return task
            aside.append(task)
        return None
    finally:
        for task in aside:
            give_back(services, principal, task)


def give_back(services: Services, principal: Principal, task: ReviewTask) -> None:
    token = task.lease.token if task.lease else ""
    services.review.commands.release(task.id, token, principal)


def held_by(services: Services, principal: Principal, gate: str | None) -> list[TaskView]:
    """What is in this reviewer's hands, longest held first."""
    now = services.clock.now()
    views = services.review.queries.browse(
        principal,
        gate=gate,
        states=frozenset({TaskState.CLAIMED}),
        holder=principal.name,
        page=Page(limit=MOST_HELD),
    )
    held = [view for view in views if not has_lapsed(view.task, now)]
    return sorted(held, key=lambda view: view.task.lease.claimed_at if view.task.lease else now)


def _claim(services: Services, principal: Principal, gate: str | None) -> ReviewTask | None:
    views = services.review.commands.claim(principal, gate=gate)
    return views[0].task if views else None


def skipped_by(request: Request) -> tuple[str, ...]:
    """What this reviewer skipped lately, the latest last, as the browser remembers it."""
    return tuple(filter(None, cookies.read(request, cookies.SKIPPED).split(".")))


def go_on(
    request: Request,
    principal: Principal,
    *,
    gate: str | None,
    after: TaskId | None = None,
    skipping: tuple[str, ...] = (),
) -> RedirectResponse:
    """To the next task, or to the queue where nothing is left to take."""
    task = take_next(services_of(request), principal, gate, skipping)
    here = f"/review/tasks/{task.id}" if task else "/review"
    response = to(
        here,
        gate=gate,
        after=after,
        notice="only_skipped" if task is None and skipping else None,
    )
    remember_skipped(request, response, skipping)
    return response


def remember_skipped(request: Request, response: Response, skipped: tuple[str, ...]) -> None:
    """Have the browser remember these tasks, and no others, as skipped."""
    if skipped:
        kept = ".".join(skipped[-MOST_SKIPPED:])
        cookies.keep(request, response, cookies.SKIPPED, kept, SKIPPED_FOR)
    elif skipped_by(request):
        cookies.drop(request, response, cookies.SKIPPED)


def to(path: str, **query: str | None) -> RedirectResponse:
    """A redirect after a form: the browser reads the page it leads to."""
    said = urlencode({name: value for name, value in query.items() if value})
    return RedirectResponse(path + (f"?{said}" if said else ""), 303)
