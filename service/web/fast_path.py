"""The short way to the one route that every item of every workflow passes.

FastAPI describes the route as any other. But its layers cost each request more than the decision
does, so a request for a decision is answered here, before them, by the same function.
"""

import json

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from plugin.contract.decisions import DecisionRequest
from plugin.contract.unique_keys import RepeatedKey, loads
from service.domain.errors import InvalidInput
from service.web.api import PREFIX
from service.web.api.decisions import decide
from service.web.auth import caller_of
from service.web.idempotency import keyed_call
from service.web.problems import response_to
from service.web.unique_keys import duplicate

BEFORE, BEHIND = f"{PREFIX}/gates/", "/decisions"


class ShortWay:
    """Answers `POST /v1/gates/{gate}/decisions` for `app`; all else goes on to `routes`."""

    def __init__(self, routes: ASGIApp, app: FastAPI) -> None:
        self._routes = routes
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = _gate_of(scope)
        if gate is None:
            await self._routes(scope, receive, send)
            return
        scope.update(app=self._app, route=decide, path_params={"gate": gate})
        request = Request(scope, receive)
        try:
            response = await _decided(request, gate)
        except Exception as error:
            response = response_to(request, error)
        await response(scope, receive, send)


def _gate_of(scope: Scope) -> str | None:
    """The gate that is asked for a decision, if that is what the request is."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"]
    if not (path.startswith(BEFORE) and path.endswith(BEHIND)):
        return None
    gate = path[len(BEFORE) : -len(BEHIND)]
    return gate if gate and "/" not in gate else None


async def _decided(request: Request, gate: str) -> Response:
    caller = await caller_of(request)
    async with keyed_call(request, caller) as keyed:
        order = _order(request, await request.body())
        return await decide(gate, order, caller, keyed, request)


def _order(request: Request, body: bytes) -> DecisionRequest:
    """Raises what FastAPI raises, so that it is told alike."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (media_type == "application/json" or media_type.endswith("+json")):
        raise InvalidInput("The body is not said to be JSON.", fix="Send it as application/json.")
    try:
        return DecisionRequest.model_validate(loads(body))
    except RepeatedKey as twice:
        raise duplicate(twice) from None
    except json.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg}
        raise RequestValidationError([found]) from error
    except ValidationError as error:
        raise RequestValidationError(
            [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        ) from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "There was an error parsing the body") from error
