"""Every error as an RFC 9457 problem document: stable `type`, what is wrong, what to do.

This is the only place that knows HTTP statuses of domain errors.
"""

import re
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from plugin.contract.problems import CONTENT_TYPE, FieldError, Problem
from service.domain.errors import (
    BadPolicy,
    ChangedMeanwhile,
    Conflict,
    Forbidden,
    GateError,
    InvalidInput,
    NotFound,
    Overloaded,
    StoreUnavailable,
    Unauthenticated,
    VersionNotNamed,
)

log = structlog.get_logger()

TYPE_PREFIX = "urn:confidence-gate:problem:"

CRASHED = (
    "An unexpected error. Nothing was approved by it; try again, or look in the service's log."
)

_STATUS: tuple[tuple[type[GateError], int], ...] = (
    (ChangedMeanwhile, 412),
    (VersionNotNamed, 428),
    (InvalidInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Overloaded, 429),
    (StoreUnavailable, 503),
)

_TITLES = {
    400: "The request cannot be read",
    401: "No valid credentials",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not now",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Wrong media type",
    422: "The request says something wrong",
    428: "Say which version",
    429: "Too much at once",
    500: "Something broke on our side",
    503: "Not ready",
}


def status_of(error: GateError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_response(
    status: int,
    detail: str,
    *,
    slug: str,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    return _response(_problem(status, detail, slug=slug), headers)


def problem_of(error: BaseException) -> Problem:
    """What is told of an error, whatever it is: of one that we do not know, nothing but that."""
    if not isinstance(error, GateError):
        return _problem(500, CRASHED, slug="internal-error")
    retry_after = None
    if isinstance(error, Overloaded | StoreUnavailable):
        retry_after = max(1, round(error.retry_after))
    detail = f"{error.detail} {error.fix}".strip()
    mistakes = error.mistakes if isinstance(error, BadPolicy) else ()
    return _problem(
        status_of(error),
        detail,
        slug=slug_of(error),
        retry_after=retry_after,
        errors=[FieldError(field=where, message=what) for where, what in mistakes],
    )


def problem_of_invalid(found: Sequence[Any]) -> Problem:
    """What pydantic found wrong with a request."""
    errors = [
        FieldError(field=_field(one["loc"]), message=str(one["msg"]).removeprefix("Value error, "))
        for one in found
    ]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return _problem(422, detail, slug="invalid-request", errors=errors)


def _problem(status: int, detail: str, *, slug: str, **more: Any) -> Problem:
    title = _TITLES.get(status, "The request failed")
    return Problem(type=TYPE_PREFIX + slug, title=title, status=status, detail=detail, **more)


def _response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=CONTENT_TYPE,
        headers=headers,
    )


def slug_of(error: GateError) -> str:
    """`UnknownGate` is `unknown-gate`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def response_to(request: Request, error: Exception) -> JSONResponse:
    """What is answered to an error, where no framework finds out."""
    match error:
        case GateError():
            return respond_to_gate_error(request, error)
        case RequestValidationError():
            return respond_to_invalid_request(request, error)
        case HTTPException():
            return respond_to_http_exception(request, error)
        case _:
            return respond_to_crash(request, error)


def respond_to_gate_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, GateError):
        raise error
    problem = problem_of(error)
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 500:
        slug, path = slug_of(error), request.url.path
        log.error("request.failed", path=path, error=slug, detail=problem.detail)
    return _response(problem, headers)


def respond_to_invalid_request(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return problem_response(
            400, "The body is not JSON. Send one JSON document in UTF-8.", slug="not-json"
        )
    return _response(problem_of_invalid(error.errors()))


def respond_to_http_exception(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    detail = error.detail
    if error.status_code == 400 and "parsing the body" in detail:
        detail = "The body cannot be read. Send one JSON document in UTF-8."
    slug = _TITLES.get(error.status_code, "failed").lower().replace(" ", "-")
    return problem_response(error.status_code, detail, slug=slug, headers=dict(error.headers or {}))


def respond_to_crash(request: Request, error: Exception) -> JSONResponse:
    log.error("request.crashed", path=request.url.path, exc_info=error)
    return problem_response(
        500,
        CRASHED,
        slug="internal-error",
        headers={"Connection": "close"},  # the server closes it, and a caller must know
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(GateError, respond_to_gate_error)
    app.add_exception_handler(RequestValidationError, respond_to_invalid_request)
    app.add_exception_handler(HTTPException, respond_to_http_exception)
    app.add_exception_handler(Exception, respond_to_crash)


def _field(location: tuple[int | str, ...]) -> str:
    # The first step says where in the request: it matters for a query, not for a body.
    steps = location[1:] if location[:1] == ("body",) else location
    return ".".join(map(str, steps)) or "body"
