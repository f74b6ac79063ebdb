"""The HTTP API under /v1, as the contract has it."""

from fastapi import APIRouter

from service.web.api import audit, decisions, deliveries, gates, outcomes, replays, tasks

router = APIRouter(prefix="/v1")
router.include_router(decisions.often)
for part in (decisions, tasks, outcomes, gates, replays, deliveries, audit):
    router.include_router(part.router)
