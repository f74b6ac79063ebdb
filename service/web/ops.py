"""For operators and orchestrators: alive, ready, metrics."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service.domain.access import Scope
from service.domain.adaptation import Mode
from service.domain.review import OPEN
from service.ports.meter import WebMeter
from service.web.auth import Caller
from service.web.services import services_of

router = APIRouter(tags=["operations"])


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What must hold before work may come in, by name; `facts` are told beside it."""

    checks: dict[str, Callable[[], bool]]
    facts: dict[str, Callable[[], Any]]


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Everything that a decision needs is there; 503 names what is not."""
    readiness: Readiness = request.app.state.readiness
    held = {name: check() for name, check in readiness.checks.items()}
    ready = all(held.values())
    return JSONResponse(
        {
            "status": "ready" if ready else "not ready",
            "checks": held,
            **{name: tell() for name, tell in readiness.facts.items()},
        },
        status_code=200 if ready else 503,
    )


@router.get("/metrics")
def metrics(caller: Caller, request: Request) -> Response:
    """Prometheus text, of all gates together."""
    caller.demand(Scope.READ)
    caller.demand_all_gates()
    meter: WebMeter = request.app.state.metrics
    tasks = services_of(request).review.queries

    def open_tasks() -> dict[str, int]:
        counts: Counter[str] = Counter()
        counts.update(
            {policy.gate: 0 for policy in services_of(request).gates.policies.visible_to(caller)}
        )
        for (gate, state), count in tasks.waiting(caller).items():
            if state in OPEN:
                counts[gate] += count
        return dict(counts)

    def modes() -> dict[str, Mode]:
        visible = services_of(request).gates.policies.visible_to(caller)
        return {policy.gate: policy.mode for policy in visible if policy.mode is not None}

    return Response(meter.exposition(open_tasks, modes), media_type=meter.media_type)
