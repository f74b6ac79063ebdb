"""What every request passes: a size limit, a measure of its time, and safe headers."""

import time

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.ports.meter import WebMeter
from service.web.idempotency import REPEATED
from service.web.problems import problem_response

LARGEST_BODY = 1024 * 1024
"""Bytes. Large enough for any text a person would review; streams come by another road."""

TOO_LARGE = (
    f"The body is larger than {LARGEST_BODY} bytes. "
    "Send a shorter text, an excerpt of it, or fewer items at once."
)

_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

_REPEATED_HEADERS = ((b"idempotency-replayed", b"true"),)


class Edge:
    """Pure ASGI, for its cost is paid by every request."""

    def __init__(self, app: ASGIApp, metrics: WebMeter) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, taken = time.perf_counter(), 500, 0

        async def limited_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413, TOO_LARGE)
            return message

        async def noted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                repeated = _REPEATED_HEADERS if REPEATED in scope else ()
                message["headers"] = [*message.get("headers", ()), *_SAFE_HEADERS, *repeated]
            await send(message)

        try:
            if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
                refused = problem_response(400, "The address holds a NUL.", slug="bad-address")
                await refused(scope, receive, noted_send)
            elif _declared_length(scope) > LARGEST_BODY:
                await problem_response(413, TOO_LARGE, slug="too-large")(scope, receive, noted_send)
            else:
                await self._app(scope, limited_receive, noted_send)
        finally:
            self._metrics.answered(
                endpoint=_endpoint(scope),
                method=scope["method"],
                status=status,
                seconds=time.perf_counter() - began,
            )


def _endpoint(scope: Scope) -> str:
    """The path with its parameters by name, so that ids make no new time series."""
    if "route" not in scope:
        return "unmatched"
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


def _declared_length(scope: Scope) -> int:
    declared = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
    return int(declared) if declared.isdigit() else 0
