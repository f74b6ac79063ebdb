"""What a browser is shown when something goes wrong: a page in the same style, and a way on."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from service.domain.errors import GateError
from service.web.pages.rendering import here, render, safe_path
from service.web.pages.sessions import OldForm, SignInNeeded, Visitor
from service.web.problems import status_of

log = structlog.get_logger()

TOLD = frozenset({403, 404, 409, 413, 422, 429})


class PageRoute(APIRoute):
    """A route whose errors are pages, not problem documents."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInNeeded as need:
                return to_sign_in(request, ended=need.ended)
            except OldForm as error:
                return error_page(request, status_of(error), error.detail, told="old_form")
            except GateError as error:
                return error_page(request, status_of(error), error.detail)
            except RequestValidationError as error:
                detail = "; ".join(str(found["msg"]) for found in error.errors())
                return error_page(request, 422, detail)
            except HTTPException as error:
                return error_page(request, error.status_code, error.detail)
            except Exception:
                log.exception("page.crashed", path=request.url.path)
                return error_page(request, 500)

        return handle_as_page


def error_page(request: Request, status: int, detail: str = "", *, told: str = "") -> Response:
    """What happened and what to do, in the visitor's language; `detail` is for the curious."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return render(
        request,
        "error.html",
        status=status,
        visitor=visitor,
        csrf=visitor.csrf if visitor else "",
        code=status,
        told=told or _told_of(status),
        back=safe_path(_page_of(request)) if request.method == "POST" else None,
        detail=detail,
    )


def _told_of(status: int) -> str:
    told = 409 if status == 412 else status
    return str(told if told in TOLD else 500 if status >= 500 else 400)


def show_errors_to_browsers(app: FastAPI) -> None:
    """A mistyped address is answered by a page, where a browser's address bar asks."""
    tell_programs = app.exception_handlers[HTTPException]

    async def tell(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and _is_read_by_a_person(request):
            return error_page(request, error.status_code, error.detail)
        told = tell_programs(request, error)
        return told if isinstance(told, Response) else await told

    app.add_exception_handler(HTTPException, tell)


def _is_read_by_a_person(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.url.path.startswith("/v1/")


def to_sign_in(request: Request, *, ended: bool) -> Response:
    """Sign in first, then come back to where this was."""
    back = here(request) if request.method == "GET" else _page_of(request)
    query = urlencode({"next": safe_path(back)} | ({"ended": "1"} if ended else {}))
    if "hx-request" in request.headers:
        # htmx would follow a redirect unseen and put the sign-in page into a part of this one.
        return Response(status_code=204, headers={"HX-Redirect": f"/sign-in?{query}"})
    return RedirectResponse(f"/sign-in?{query}", 303)


def _page_of(request: Request) -> str:
    """The page that a form was on."""
    try:
        given = request.headers.get("hx-current-url") or request.headers.get("referer", "")
        address = urlsplit(given)
    except ValueError:  # no address at all
        return "/"
    return address.path + (f"?{address.query}" if address.query else "")
