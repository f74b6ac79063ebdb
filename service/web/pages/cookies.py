"""The cookies of the pages, all HttpOnly and for this site alone."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from service.web.services import services_of

SESSION = "gate-session"
SIGN_IN = "gate-sign-in"
SKIPPED = "gate-skipped"
LANGUAGE = "gate-language"


def read(request: Request, name: str) -> str:
    return request.cookies.get(_full_name(request, name), "")


def keep(request: Request, response: Response, name: str, value: str, lasts: timedelta) -> None:
    """Set a cookie.

    SameSite is Lax, not Strict: a `review_url` is opened from a mail or a chat, and under Strict
    the browser would withhold the session and show a signed-in reviewer the sign-in page. Lax
    sends cookies along only when somebody follows a link, which is a GET, and no GET here changes
    anything; a form of another site gets no cookie at all, and would lack the CSRF token besides.
    """
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=services_of(request).site.secure_cookies,
    )


def drop(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(
        _full_name(request, name),
        path="/",
        httponly=True,
        samesite="lax",
        secure=services_of(request).site.secure_cookies,
    )


def _full_name(request: Request, name: str) -> str:
    # With the prefix a browser takes the cookie only from this very host, by https, for all paths.
    return f"__Host-{name}" if services_of(request).site.secure_cookies else name
