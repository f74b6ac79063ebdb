"""Who calls: `Authorization: Bearer KEY`, checked before anything else is looked at."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.domain.access import Principal
from service.domain.errors import Unauthenticated
from service.web.services import services_of

_bearer = HTTPBearer(auto_error=False, description="An API key: `python -m service apikey create`.")


async def _caller(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    if credentials is None:
        raise Unauthenticated(
            "This needs an API key.", fix="Send it as `Authorization: Bearer KEY`."
        )
    doorkeeper = services_of(request).doorkeeper
    remembered = doorkeeper.remembered(credentials.credentials)
    if remembered is not None:
        return remembered
    return await run_in_threadpool(doorkeeper.who_has_key, credentials.credentials)


async def caller_of(request: Request) -> Principal:
    """The same, for a route that reads its request itself."""
    return await _caller(request, await _bearer(request))


Caller = Annotated[Principal, Depends(_caller)]
