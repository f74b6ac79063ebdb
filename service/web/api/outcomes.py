"""The truth that is learned later about a decision."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from plugin.contract.outcomes import OutcomeRequest, OutcomeResponse
from service.domain.ids import DecisionId
from service.domain.outcome import Truth, Verdict
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["outcomes"])


@router.post("/outcomes", response_model=OutcomeResponse)
def report(
    body: OutcomeRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> JSONResponse:
    """Say what would have been right (a chargeback, an appeal). It never changes the verdict."""
    outcomes, truth = services_of(request).decisions.outcomes, Verdict(body.truth)
    with keyed.answering(_recorded) as answer:
        answer.of(
            outcomes.report(
                DecisionId(body.decision_id),
                truth,
                body.note or "",
                caller,
                request=answer.request,
            )
        )
    return JSONResponse(answer.body)


def _recorded(_: Truth) -> dict[str, Any]:
    return {"recorded": True}
