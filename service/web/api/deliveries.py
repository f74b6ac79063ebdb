"""Resume deliveries and dead letters."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from plugin.contract import deliveries as wire
from plugin.contract.tasks import DEFAULT_PAGE, MAX_PAGE
from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import DeliveryId
from service.ports.page import Page
from service.web.api import present
from service.web.auth import Caller
from service.web.idempotency import KeyedCall
from service.web.services import services_of

router = APIRouter(tags=["deliveries"])


@router.get("/deliveries")
def browse(
    caller: Caller,
    request: Request,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
    cursor: str | None = None,
) -> wire.DeliveryPage:
    """Deliveries, newest first; `state=dead` are those a person must look at."""
    found = services_of(request).deliveries.browse(
        caller, state=state, page=Page(limit=limit, before=cursor)
    )
    return wire.DeliveryPage(
        deliveries=[present.delivery(delivery) for delivery in found],
        next_cursor=found[-1].id if len(found) == limit else None,
    )


@router.post("/deliveries/{delivery_id}/replay", response_model=wire.Delivery)
def replay(delivery_id: str, caller: Caller, keyed: KeyedCall, request: Request) -> JSONResponse:
    """Send a dead letter again."""
    deliveries = services_of(request).deliveries
    with keyed.answering(_replayed) as answer:
        answer.of(deliveries.replay(DeliveryId(delivery_id), caller, request=answer.request))
    return JSONResponse(answer.body)


def _replayed(delivery: Delivery) -> dict[str, Any]:
    return present.delivery(delivery).model_dump(mode="json")
