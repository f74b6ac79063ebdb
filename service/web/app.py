"""The application: routes, error handling and life span around the services it is given."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from service import VERSION
from service.ports.meter import WebMeter
from service.web import api, ops, pages, problems
from service.web.fast_path import ShortWay
from service.web.middleware import Edge
from service.web.ops import Readiness
from service.web.services import Services

DESCRIPTION = """\
Gate AI results: sure ones pass, sure failures are rejected, people decide the rest, and the
workflow goes on, verified. Errors are problem documents (RFC 9457); writes take `Idempotency-Key`.
"""


class Application(FastAPI):
    """FastAPI, entered over `entrance`, which may answer for it."""

    entrance: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.entrance(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As FastAPI answers."""
        await super().__call__(scope, receive, send)


def create_app(
    services: Services,
    metrics: WebMeter,
    readiness: Readiness,
    *,
    on_start: Callable[[], None],
    on_stop: Callable[[], None],
) -> FastAPI:
    """The ASGI application. `on_start` and `on_stop` frame its life."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.live.start()
        on_start()
        try:
            yield
        finally:
            services.live.close()
            on_stop()

    app = Application(
        title="Confidence Gate",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.metrics = metrics
    app.state.readiness = readiness
    app.state.in_flight = set()
    problems.install(app)
    api.install(app)
    app.include_router(ops.router)
    pages.install(app)
    app.entrance = Edge(ShortWay(app.answer, app), metrics)
    return app
