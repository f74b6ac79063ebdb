"""The HTTP API under /v1, as the contract has it."""

from fastapi import APIRouter, Depends, FastAPI

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
from service.web.unique_keys import demand_unique_keys

PREFIX = "/v1"

router = APIRouter(prefix=PREFIX, dependencies=[Depends(demand_unique_keys)])
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
    """Every route."""
    app.include_router(router)
