"""Signing in and out, and the choice of language."""

import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from plugin.contract.values import Name
from service.domain.errors import Unauthenticated
from service.web.pages import cookies
from service.web.pages.attempts import SignInAttempts
from service.web.pages.errors import PageRoute
from service.web.pages.language import Language
from service.web.pages.rendering import render, safe_path
from service.web.pages.sessions import Sender, SignInNeeded, is_same, refusal_of, visitor_of
from service.web.services import services_of

router = APIRouter(route_class=PageRoute)

FORM_LASTS = timedelta(hours=1)
LANGUAGE_LASTS = timedelta(days=365)

Field = Annotated[str, Form()]


@router.get("/sign-in")
def show(request: Request, next: str = "", ended: str = "") -> Response:  # noqa: A002
    """The form. Its token is in a cookie too: nobody can sign a browser in from elsewhere."""
    told = "needs_https" if _loses_cookies(request) else "ended" if ended else None
    return _form(request, next, told=told)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[Name, Form()],
    password: Annotated[str, Form(max_length=1000)],
    csrf: Field = "",
    next: Field = "",  # noqa: A002
) -> Response:
    kept = cookies.read(request, cookies.SIGN_IN)
    if not is_same(csrf, kept):
        return _form(request, next, told=_why_refused(request, kept), status=403, name=name)
    services, attempts = services_of(request), _attempts(request)
    address = request.client.host if request.client else ""
    now = services.clock.now()
    if wait := attempts.wait(name, address, now):
        response = _form(request, next, told="wait", status=429, name=name, wait=wait)
        response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return response
    attempts.failed(name, address, now)  # until it has succeeded: many at once count each
    try:
        token, session = services.access.doorkeeper.sign_in(name, password)
    except Unauthenticated:
        return _form(request, next, told="wrong", status=401, name=name)
    attempts.succeeded(name, address)
    response = RedirectResponse(safe_path(next), 303)
    cookies.keep(request, response, cookies.SESSION, token, session.expires_at - now)
    cookies.drop(request, response, cookies.SIGN_IN)
    return response


@router.post("/sign-out")
def sign_out(_: Sender, request: Request) -> Response:
    services_of(request).access.doorkeeper.sign_out(cookies.read(request, cookies.SESSION))
    response = RedirectResponse("/sign-in", 303)
    cookies.drop(request, response, cookies.SESSION)
    cookies.drop(request, response, cookies.SKIPPED)
    return response


@router.post("/language")
def choose_language(
    request: Request,
    language: Annotated[Language, Form()],
    csrf: Field = "",
    back: Field = "",
) -> Response:
    """Remember the language in this browser."""
    try:
        expected = visitor_of(request).csrf
    except SignInNeeded:
        expected = cookies.read(request, cookies.SIGN_IN)
    if not is_same(csrf, expected):
        raise refusal_of(csrf)
    response = RedirectResponse(safe_path(back), 303)
    cookies.keep(request, response, cookies.LANGUAGE, language.value, LANGUAGE_LASTS)
    return response


def _loses_cookies(request: Request) -> bool:
    """Whether a browser here keeps none of our cookies: they are for https alone, and this is not.

    A proxy with TLS may pass a request on by http without a word of it: where the address is the
    public one, only a form that comes back without its cookie tells.
    """
    site = services_of(request).site
    by_http = "https" not in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    is_public = request.headers.get("host", "") == urlsplit(site.public_url).netloc
    return site.secure_cookies and by_http and not is_public


def _why_refused(request: Request, kept: str) -> str:
    if kept:
        return "stale"
    return "needs_https" if services_of(request).site.secure_cookies else "no_cookie"


def _form(
    request: Request,
    onward: str,
    *,
    told: str | None = None,
    status: int = 200,
    name: str = "",
    wait: timedelta | None = None,
) -> Response:
    token = cookies.read(request, cookies.SIGN_IN) or secrets.token_urlsafe(24)
    response = render(
        request,
        "sign_in.html",
        status=status,
        csrf=token,
        onward=safe_path(onward),
        told=told,
        name=name,
        wait=wait,
        public_url=services_of(request).site.public_url,
    )
    cookies.keep(request, response, cookies.SIGN_IN, token, FORM_LASTS)
    return response


def _attempts(request: Request) -> SignInAttempts:
    """This application's own count, made at the first sign-in."""
    state = request.app.state
    if not hasattr(state, "sign_in_attempts"):
        state.sign_in_attempts = SignInAttempts()
    attempts: SignInAttempts = state.sign_in_attempts
    return attempts
