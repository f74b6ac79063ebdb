"""Templates into answers, each with the headers that keep a page to itself."""

import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from plugin.contract.values import MAX_COMMENT_CHARS
from service.web.pages.language import OWN_NAMES, Speech, language_of
from service.web.pages.standing import MOST_TRIES

_WEB = Path(__file__).resolve().parent.parent
STATIC = _WEB / "static"
_OWN_PATH = re.compile(r"/(?:(?:review|gates)(?:[/?][\w/?=&.%~-]*)?|sign-in)?")

_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # items are private, and a page shown again must be true again
}


@cache
def static_url(name: str) -> str:
    """The address of an asset; it changes with the content, so browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


_templates = Environment(
    loader=FileSystemLoader(_WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.globals.update(
    static=static_url, languages=OWN_NAMES, most_tries=MOST_TRIES, longest_comment=MAX_COMMENT_CHARS
)


def render(
    request: Request, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    """A page, or a part of one, in the language of whoever asks.

    Every template may use `t` (the texts), `here` (this page's address), `visitor` (who is signed
    in, or None) and `csrf` (for forms; empty where nobody can post).
    """
    values = {
        "t": Speech(language_of(request)),
        "here": here(request),
        "visitor": None,
        "csrf": "",
        **context,
    }
    html = _templates.get_template(template).render(values)
    return HTMLResponse(html, status, _HEADERS)


def here(request: Request) -> str:
    """The path and query of this page."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def safe_path(wanted: str) -> str:
    """A path of our pages to go on to, whatever a form or a link says."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/review"
