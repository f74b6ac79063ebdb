"""The truth that is learned later about a decision."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from plugin.contract.outcomes import OutcomeRequest, OutcomeResponse
from service.domain.ids import DecisionId
from service.domain.outcome import Verdict
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["outcomes"])


@router.post("/outcomes", response_model=OutcomeResponse)
def report(
    body: OutcomeRequest, caller: Caller, keyed: KeyedCall, request: Request
) -> JSONResponse:
    """Say what would have been right (a chargeback, an appeal). It never changes the verdict."""
    return JSONResponse(
        services_of(request).outcomes.report(
            DecisionId(body.decision_id),
            Verdict(body.truth),
            body.note or "",
            caller,
            keyed.receipt(lambda recorded: {"recorded": recorded}),
        )
    )
