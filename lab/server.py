"""The web application: Dify's Service API, its doors, and the lab's own controls."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab.controls import controls
from lab.doors import doors
from lab.errors import ServiceApiError
from lab.host import Host
from lab.service_api import error_answer, service_api

TITLE = "Confidence Gate lab: a stand-in for Dify, not Dify"
DESCRIPTION = (
    "Offers the part of Dify's Service API that Confidence Gate uses, over exported workflows run "
    "on Dify's own engine. It is for development and tests. It is not Dify."
)
STAND_IN = ("x-stand-in", "confidence-gate-lab")


class SaysStandIn:
    """Marks every answer, so that nobody takes the lab for Dify."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and mark the answer's head."""

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[STAND_IN[0]] = STAND_IN[1]
            await send(message)

        await self._app(scope, receive, mark)


def web_application(
    host: Host, keys: Mapping[str, str], hooks: Mapping[str, Mapping[str, Any]]
) -> FastAPI:
    """The lab's web application over a host; ends the host with itself."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        host.close()

    web = FastAPI(title=TITLE, description=DESCRIPTION, version="1", lifespan=lifespan)
    web.add_middleware(SaysStandIn)
    web.add_exception_handler(ServiceApiError, error_answer)
    web.add_exception_handler(RequestValidationError, error_answer)
    web.include_router(service_api(host, keys))
    web.include_router(doors(host, hooks))
    web.include_router(controls(host))

    @web.get("/healthz", tags=["Lab only"])
    def health() -> dict[str, str]:
        """Whether the lab answers."""
        return {"status": "ok", "stand_in": STAND_IN[1]}

    return web
