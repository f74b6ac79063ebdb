"""Review tasks: list, read, claim, answer, renew, release, undo, cancel."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from plugin.contract.reviews import TakeRequest, TakeResponse
from plugin.contract.tasks import (
    DEFAULT_PAGE,
    MAX_PAGE,
    ClaimedTask,
    ClaimRequest,
    ClaimResponse,
    LeaseRequest,
    LeaseResponse,
    ReleaseResponse,
    Task,
    TaskDecisionRequest,
    TaskDecisionResponse,
    TaskPage,
)
from service.domain.ids import TaskId
from service.domain.review import Answer, TaskState
from service.ports.page import Page
from service.usecases.review.answers import AnswerOrder
from service.usecases.review.views import TaskView
from service.web.api import present
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["tasks"])


@router.get("/tasks")
def browse(
    caller: Caller,
    request: Request,
    gate: str | None = None,
    state: Annotated[list[TaskState] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
    cursor: str | None = None,
) -> TaskPage:
    """Tasks the caller may see, newest first; `next_cursor` asks for the page below."""
    found = services_of(request).review.queries.browse(
        caller,
        gate=gate,
        states=frozenset(state) if state else None,
        page=Page(limit=limit, before=cursor),
    )
    return TaskPage(
        tasks=[present.task_summary(view) for view in found],
        next_cursor=found[-1].task.id if len(found) == limit else None,
    )


@router.get("/tasks/{task_id}")
def read(task_id: str, caller: Caller, request: Request) -> Task:
    return present.task(services_of(request).review.queries.read(TaskId(task_id), caller))


@router.post("/tasks/claim", response_model=ClaimResponse)
def claim(body: ClaimRequest, caller: Caller, keyed: KeyedCall, request: Request) -> JSONResponse:
    """Take the most urgent tasks. Each comes with the lease that its holder answers under."""
    review = services_of(request).review.commands
    with keyed.answering(_all_claimed) as answer:
        answer.of(review.claim(caller, gate=body.gate, limit=body.limit, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/decision", response_model=TaskDecisionResponse)
def decide(
    task_id: str,
    body: TaskDecisionRequest,
    caller: Caller,
    keyed: KeyedCall,
    request: Request,
) -> JSONResponse:
    """Approve, reject, or say unsure (an expert will look). A stale or foreign lease is a 409."""
    order = AnswerOrder(
        task_id=TaskId(task_id),
        lease_token=body.lease_token,
        answer=Answer(body.verdict),
        comment=body.comment or "",
        edited_result=body.edited_result,
    )
    review = services_of(request).review.commands
    with keyed.answering(_answered) as answer:
        answer.of(review.answer(order, caller, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/renew", response_model=LeaseResponse)
def renew(
    task_id: str, body: LeaseRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> JSONResponse:
    """Keep a claimed task for another lease's length."""
    review = services_of(request).review.commands
    with keyed.answering(_lease) as answer:
        answer.of(review.renew(TaskId(task_id), body.lease_token, caller, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/release", response_model=ReleaseResponse)
def release(
    task_id: str, body: LeaseRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> JSONResponse:
    """Give a claimed task back."""
    review = services_of(request).review.commands
    with keyed.answering(_state) as answer:
        answer.of(review.release(TaskId(task_id), body.lease_token, caller, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/undo", response_model=ClaimedTask)
def undo(task_id: str, caller: Caller, keyed: KeyedCall, request: Request) -> JSONResponse:
    """Take one's own verdict back while its delivery has not left; the task is claimed again."""
    review = services_of(request).review.commands
    with keyed.answering(_claimed) as answer:
        answer.of(review.undo(TaskId(task_id), caller, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/cancel", response_model=ReleaseResponse)
def cancel(task_id: str, caller: Caller, keyed: KeyedCall, request: Request) -> JSONResponse:
    """Nobody needs the answer any more; nothing is delivered."""
    review = services_of(request).review.commands
    with keyed.answering(_state) as answer:
        answer.of(review.cancel(TaskId(task_id), caller, request=answer.request))
    return JSONResponse(answer.body)


@router.post("/tasks/{task_id}/take")
def take_by_task(task_id: str, body: TakeRequest, caller: Caller, request: Request) -> TakeResponse:
    """As `POST /v1/decisions/{id}/take`, by the task's id."""
    outcomes = services_of(request).decisions.outcomes
    decision_id = outcomes.decision_of_task(TaskId(task_id), caller)
    return present.taken(outcomes.take(decision_id, body.run_id, caller))


def _all_claimed(views: list[TaskView]) -> dict[str, Any]:
    tasks = [present.claimed_task(view) for view in views]
    return ClaimResponse(tasks=tasks).model_dump(mode="json")


def _claimed(view: TaskView) -> dict[str, Any]:
    return present.claimed_task(view).model_dump(mode="json")


def _answered(view: TaskView) -> dict[str, Any]:
    return present.answered_task(view).model_dump(mode="json")


def _lease(view: TaskView) -> dict[str, Any]:
    claimed = present.claimed_task(view)
    return claimed.model_dump(mode="json", include={"task_id", "lease_token", "lease_expires_at"})


def _state(view: TaskView) -> dict[str, Any]:
    return {"task_id": view.task.id, "state": view.task.state.value}
