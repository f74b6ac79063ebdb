"""The HTTP API under /v1, as the contract has it."""

from fastapi import APIRouter, FastAPI

from plugin.contract.decisions import DecisionResponse
from service.web.api import (
    audit,
    decisions,
    deliveries,
    gates,
    learning,
    outcomes,
    replays,
    reviewers,
    shadows,
    tasks,
)
from service.web.short_way import ShortWay

PREFIX = "/v1"

router = APIRouter(prefix=PREFIX)
for part in (
    decisions,
    tasks,
    outcomes,
    gates,
    reviewers,
    replays,
    shadows,
    learning,
    deliveries,
    audit,
):
    router.include_router(part.router)


def install(app: FastAPI) -> None:
    """Every route; the one that is asked most stands first, in the application's own list."""
    app.router.add_api_route(
        f"{PREFIX}/gates/{{gate}}/decisions",
        decisions.decide,
        methods=["POST"],
        response_model=DecisionResponse,
        tags=["decisions"],
        route_class_override=ShortWay,
    )
    app.include_router(router)
