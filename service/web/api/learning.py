"""What a gate learns from: its labelled items, for managers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from plugin.contract import learning as wire
from plugin.contract.tasks import DEFAULT_PAGE
from service.domain.ids import DecisionId
from service.domain.labelled import Case
from service.web.auth import Caller
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
    rows = services_of(request).data.page(
        gate,
        caller,
        case=Case(case) if case else None,
        after=DecisionId(cursor) if cursor else None,
        limit=limit,
    )
    return wire.DataPage(
        items=rows, next_cursor=rows[-1]["decision_id"] if len(rows) == limit else None
    )
