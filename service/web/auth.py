"""Who calls: `Authorization: Bearer KEY`, checked before anything else is looked at."""

import math
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from service.domain.access import Principal
from service.domain.errors import Overloaded, Unauthenticated
from service.web.services import services_of

_bearer = HTTPBearer(auto_error=False, description="An API key: `python -m service apikey create`.")


async def caller_of(request: Request) -> Principal:
    """Whose key the request brings. Raises Unauthenticated, Overloaded."""
    scheme, key = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not key:
        raise Unauthenticated(
            "This needs an API key.", fix="Send it as `Authorization: Bearer KEY`."
        )
    doorkeeper = services_of(request).access.doorkeeper
    principal = doorkeeper.remembered(key)
    if principal is None:
        principal = await run_in_threadpool(doorkeeper.who_has_key, key)
    await spend(request, principal, 1)
    return principal


async def _caller(
    request: Request,
    _described: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    return await caller_of(request)


async def spend(request: Request, caller: Principal, count: int) -> None:
    """Take so many requests, or items, of what the caller may ask for. Raises Overloaded."""
    allowance = services_of(request).access.allowance
    if allowance.at_hand(caller.name, count):
        return
    wait = await run_in_threadpool(allowance.fetch, caller.name, count)
    if wait > 0:
        raise Overloaded("This API key asks for more than it may.", retry_after=math.ceil(wait))


Caller = Annotated[Principal, Depends(_caller)]
