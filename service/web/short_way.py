"""The short way into the one route that every item of every workflow passes.

FastAPI describes the route as any other; but to find out anew at each request what the function
wants takes it three times as long as the decision takes us, so here it is handed over directly.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from plugin.contract.decisions import DecisionRequest
from service.domain.errors import InvalidInput
from service.web.auth import caller_of
from service.web.idempotency import keyed_call


class ShortWay(APIRoute):
    """A route whose function takes (gate, order, caller, keyed, request) and gives a Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            caller = await caller_of(request)
            async with keyed_call(request, caller) as keyed:
                order = _order(request, await request.body())
                gate = request.path_params["gate"]
                answer: Response = await self.endpoint(gate, order, caller, keyed, request)
                return answer

        return handle


def _order(request: Request, body: bytes) -> DecisionRequest:
    """Raises what FastAPI raises, so that it is told alike."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (media_type == "application/json" or media_type.endswith("+json")):
        raise InvalidInput("The body is not said to be JSON.", fix="Send it as application/json.")
    try:
        return DecisionRequest.model_validate(json.loads(body))
    except json.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg}
        raise RequestValidationError([found]) from error
    except ValidationError as error:
        raise RequestValidationError(
            [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, "There was an error parsing the body") from error
