"""Ask a gate; read a decision and wait for its outcome; take a verdict exactly once."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from plugin.contract.decisions import (
    MAX_WAIT_SECONDS,
    BatchRequest,
    BatchResponse,
    DecisionRecord,
    DecisionRequest,
    DecisionResponse,
    ExplanationRecord,
)
from plugin.contract.problems import Problem
from plugin.contract.reviews import TakeRequest, TakeResponse
from plugin.contract.signals import Signals
from service.domain.decision import Item, ResumeMode, RiskLevel
from service.domain.errors import DuplicateKey
from service.domain.ids import DecisionId
from service.usecases.decisions.decide import Made
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.outcomes import DecisionView
from service.web.api import present
from service.web.api.repeated import news_of, repeated
from service.web.auth import Caller, spend
from service.web.idempotency import KeyedCall
from service.web.problems import problem_of, problem_of_invalid
from service.web.services import Services, services_of
from service.web.unique_keys import items_of

router = APIRouter(tags=["decisions"])

LOOK_EVERY_SECONDS = 2.0
"""How late a waiting reader sees news whose event was lost."""


@router.post("/gates/{gate}/decisions", response_model=DecisionResponse)
async def decide(
    gate: str, order: DecisionRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> Response:
    """Score, calibrate and gate one item. The answer is durable when it is given."""
    services = services_of(request)

    def render(made: Made) -> dict[str, Any]:
        return answer_of(made, services)

    with keyed.answering(render) as answer:
        answer.of(
            await services.decisions.decide(order_of(gate, order), caller, request=answer.request)
        )
    return _json(await repeated(answer.body, services) if answer.repeated else answer.body)


@router.post("/gates/{gate}/decisions:batch", response_model=BatchResponse)
async def decide_many(
    gate: str, batch: BatchRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> Response:
    """Ask about many items at once. One bad item fails alone; the rest is durable together."""
    services = services_of(request)
    await spend(request, caller, len(batch.items) - 1)  # one was the request
    read = [_read(gate, item) for item in items_of(await request.body())]
    orders = [order for order in read if isinstance(order, DecisionOrder)]

    def render(results: Sequence[Made | BaseException]) -> dict[str, Any]:
        told = iter(results)
        return {
            "results": [
                _dumped(one) if isinstance(one, Problem) else _result(next(told), services)
                for one in read
            ]
        }

    with keyed.answering(render) as answer:
        answer.of(
            await services.decisions.decide.many(gate, orders, caller, request=answer.request)
        )
    return _json(answer.body)


@router.get("/decisions/{decision_id}")
async def read_decision(
    decision_id: str,
    caller: Caller,
    request: Request,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for an outcome.")
    ] = 0,
) -> DecisionRecord:
    """The decision, with its outcome once final. Reading is always safe to repeat."""
    services = services_of(request)
    give_up_at = time.monotonic() + wait

    def read() -> DecisionView:
        return services.decisions.outcomes.read(DecisionId(decision_id), caller)

    async with services.live.listening() as news:
        while True:
            view = await run_in_threadpool(read)
            left = give_up_at - time.monotonic()
            if view.closed or left <= 0:
                return present.decision_record(view, services.site.public_url)
            pause = min(left, LOOK_EVERY_SECONDS, *_settling(view))
            await news_of(news, {decision_id, view.task.id if view.task else ""}, pause)


@router.post("/decisions/{decision_id}/take")
def take_by_decision(
    decision_id: str, body: TakeRequest, caller: Caller, request: Request
) -> TakeResponse:
    """The verdict for the first run that asks once it is final; `duplicate` for any other run."""
    outcomes = services_of(request).decisions.outcomes
    return present.taken(outcomes.take(DecisionId(decision_id), body.run_id, caller))


def answer_of(made: Made, services: Services) -> dict[str, Any]:
    """What a caller is told of a decision: of a panel's task, nothing."""
    decision, task = made
    asked = None if task is None or task.audit else task
    wait = services.decisions.forecast.seconds(decision.gate) if asked else None
    return present.decision(decision, asked, services.site.public_url, wait).model_dump(mode="json")


@router.get("/decisions/{decision_id}/explanation")
async def explain_decision(decision_id: str, caller: Caller, request: Request) -> ExplanationRecord:
    """Which words, or fields, the decision's score rests on, computed anew by the same model."""
    services = services_of(request)
    view = await run_in_threadpool(
        services.decisions.outcomes.read, DecisionId(decision_id), caller
    )
    return present.explanation(view.decision.id, await services.decisions.explain(view.decision))


def _result(result: Made | BaseException, services: Services) -> dict[str, Any]:
    if isinstance(result, BaseException):
        return _dumped(problem_of(result))
    return answer_of(result, services)


def _read(gate: str, item: Any) -> DecisionOrder | Problem:
    if isinstance(item, DuplicateKey):
        return problem_of(item)
    try:
        return order_of(gate, DecisionRequest.model_validate(item))
    except ValidationError as error:
        return problem_of_invalid(error.errors())


def _json(answer: dict[str, Any]) -> Response:
    """As JSONResponse has it, in a third of the time."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _dumped(problem: Problem) -> dict[str, Any]:
    return problem.model_dump(mode="json", exclude_none=True)


def order_of(gate: str, order: DecisionRequest) -> DecisionOrder:
    resume = order.resume
    return DecisionOrder(
        gate=gate,
        item=Item(text=None if order.text_missing else order.item.text, fields=order.item.fields),
        ai_result=order.ai_result,
        signals=_signal(order.signals),
        signals_unreadable=order.signals_unreadable,
        text_missing=order.text_missing,
        category=order.category,
        risk_level=RiskLevel(order.risk_level) if order.risk_level else RiskLevel.MEDIUM,
        resume_mode=ResumeMode(resume.mode) if resume and resume.mode else None,
        resume_app=resume.app if resume else None,
        run_id=resume.run_id if resume else None,
        user=resume.user if resume else None,
        metadata=order.metadata,
    )


def _signal(signals: Signals | None) -> dict[str, Any] | None:
    return None if signals is None else {signals.kind: getattr(signals, signals.kind)}


def _settling(view: DecisionView) -> list[float]:
    return [] if view.settles_in is None else [max(view.settles_in, 0.01)]
