"""`Idempotency-Key`: one key, one effect. What is in flight here answers 409."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, Self

from fastapi import Depends, Header, Request
from starlette.types import Scope

from service.domain.access import Principal
from service.domain.errors import IdempotencyInFlight, InvalidInput
from service.usecases.shared.idempotency import AlreadyAnswered, IdempotentRequest
from service.web.auth import Caller

LONGEST_KEY = 255
REPEATED = "gate.repeated"
"""The mark in the scope of a request that is told what was answered before."""


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """The caller's key, if it sent one, and what identifies its request."""

    principal: str
    key: str | None
    fingerprint: str
    scope: Scope

    def answering[T](self, render: Callable[[T], dict[str, Any]]) -> "Answering[T]":
        return Answering(self, render)


class Answering[T]:
    """The answer to one call: `render` of what the use case returns, or what was answered the first
    time. What is stored under the call's key is what is sent, so it is rendered once.

        with keyed.answering(render) as answer:
            answer.of(use_case(..., request=answer.request))
        return JSONResponse(answer.body)
    """

    def __init__(self, keyed: Keyed, render: Callable[[T], dict[str, Any]]) -> None:
        self._render = render
        self._scope = keyed.scope
        self._body: dict[str, Any] | None = None
        self.request: IdempotentRequest[T] | None = None
        if keyed.key is not None:
            self.request = IdempotentRequest(
                principal=keyed.principal,
                key=keyed.key,
                fingerprint=keyed.fingerprint,
                encode=self.of,
            )

    def of(self, result: T) -> dict[str, Any]:
        if self._body is None:
            self._body = self._render(result)
        return self._body

    @property
    def body(self) -> dict[str, Any]:
        assert self._body is not None, "the block has no result"
        return self._body

    @property
    def repeated(self) -> bool:
        """Whether the body is what was answered the first time."""
        return REPEATED in self._scope

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        if not isinstance(error, AlreadyAnswered):
            return False
        self._body = error.answer
        self._scope[REPEATED] = True
        return True


@asynccontextmanager
async def keyed_call(request: Request, caller: Principal) -> AsyncIterator[Keyed]:
    """Hold the request's key while it is in flight. Raises IdempotencyInFlight, InvalidInput."""
    given = request.headers.get("idempotency-key")
    if given is None:
        yield Keyed(principal=caller.name, key=None, fingerprint="", scope=request.scope)
        return
    key = _unquoted(given)
    in_flight: set[tuple[str, str]] = request.app.state.in_flight
    mark = (caller.name, key)
    if mark in in_flight:
        raise IdempotencyInFlight
    in_flight.add(mark)
    try:
        body = await request.body()
        route = f"{request.method} {request['path']}\n".encode()
        yield Keyed(
            principal=caller.name,
            key=key,
            fingerprint=hashlib.sha256(route + body).hexdigest(),
            scope=request.scope,
        )
    finally:
        in_flight.discard(mark)


async def _keyed(
    request: Request,
    caller: Caller,
    idempotency_key: Annotated[  # noqa: ARG001 - read by keyed_call, described here
        str | None,
        Header(description="Same key and body: the stored answer. Other body: 422. Busy: 409."),
    ] = None,
) -> AsyncIterator[Keyed]:
    async with keyed_call(request, caller) as keyed:
        yield keyed


def _unquoted(value: str) -> str:
    key = value.strip()
    if len(key) >= 2 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidInput(
            "The Idempotency-Key is not usable.",
            fix=f"Send 1 to {LONGEST_KEY} printable characters.",
        )
    return key


KeyedCall = Annotated[Keyed, Depends(_keyed)]
