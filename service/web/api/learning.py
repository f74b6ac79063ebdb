"""What a gate learns from, and certificates on demand: for managers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from plugin.contract import learning as wire
from plugin.contract.tasks import DEFAULT_PAGE
from service.domain.ids import DecisionId
from service.domain.labelled import Case
from service.domain.labelled_document import labelled_document
from service.usecases.certification.certify import Put
from service.web.api.gates import certificate_summary
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["learning"])


@router.get("/gates/{gate}/data")
def data(
    gate: str,
    caller: Caller,
    request: Request,
    case: Annotated[
        wire.CaseName | None,
        Query(description="Items where the AI's suggestion was right, or contradicted."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=wire.MOST_ITEMS)] = DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> wire.DataPage:
    """The gate's labelled items, oldest first, each with where its label came from."""
    items, reached = services_of(request).data.page(
        gate,
        caller,
        case=Case(case) if case else None,
        after=DecisionId(cursor) if cursor else None,
        limit=limit,
    )
    return wire.DataPage(items=[labelled_document(one) for one in items], next_cursor=reached)


@router.post(
    "/gates/{gate}/certificates", status_code=201, responses={201: {"model": wire.Certified}}
)
def certify(gate: str, caller: Caller, keyed: KeyedCall, request: Request) -> JSONResponse:
    """Certify the gate on its panel's labels as they are now, and put the result in force.

    It does so by itself as labels grow; each certificate has its own chance of being wrong.
    """
    with keyed.answering(certified) as answer:
        answer.of(
            services_of(request).gates.learner.certify_now(gate, caller, request=answer.request)
        )
    return JSONResponse(answer.body, status_code=201)


def certified(put: Put) -> dict[str, Any]:
    """What is in force now, as the API tells of it."""
    return wire.Certified(
        policy_version=put.policy.version,
        certificates=[certificate_summary(one.id, one.certificate, put.at) for one in put.issued],
    ).model_dump(mode="json")
