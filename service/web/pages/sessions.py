"""Who is signed in, and whether a form really comes from our own page."""

import hmac
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request

from service.domain.access import Principal, Scope, Session
from service.domain.errors import Forbidden, Unauthenticated
from service.web.pages import cookies
from service.web.services import services_of


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A signed-in person."""

    principal: Principal
    session: Session

    @property
    def name(self) -> str:
        return self.session.person

    @property
    def may_see_gates(self) -> bool:
        return bool(self.principal.scopes & {Scope.READ, Scope.MANAGE})

    @property
    def csrf(self) -> str:
        return self.session.csrf


class ForeignForm(Forbidden):
    """The form did not come from this page, or it is older than the sign-in."""

    fix = "Load the page again and repeat what you did."


class OldForm(ForeignForm):
    """The form is older than the sign-in, so nothing was changed."""


class SignInNeeded(Exception):
    """Nobody is signed in. `ended` where somebody was."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("sign in")
        self.ended = ended


def visitor_of(request: Request) -> Visitor:
    """Who is signed in. Raises SignInNeeded."""
    token = cookies.read(request, cookies.SESSION)
    if not token:
        raise SignInNeeded(ended=False)
    try:
        principal, session = services_of(request).access.doorkeeper.who_is_signed_in(token)
    except Unauthenticated:
        raise SignInNeeded(ended=True) from None
    visitor = Visitor(principal=principal, session=session)
    request.state.visitor = visitor  # an error page has no parameters, but it has a head line
    return visitor


SignedIn = Annotated[Visitor, Depends(visitor_of)]


def _sender(visitor: SignedIn, csrf: Annotated[str, Form()] = "") -> Visitor:
    if not is_same(csrf, visitor.csrf):
        raise refusal_of(csrf)
    return visitor


Sender = Annotated[Visitor, Depends(_sender)]
"""Who sent this form: signed in, and with the CSRF token of the session's own pages."""


def refusal_of(csrf: str) -> ForeignForm:
    """Why a form with another token is refused: one that has a token's shape is merely old."""
    return OldForm() if re.fullmatch(r"[\w-]{32}", csrf, re.ASCII) else ForeignForm()


def is_same(given: str, expected: str) -> bool:
    """Compare secrets in a time that tells nothing; an empty one is never the same."""
    found = given.encode(errors="surrogatepass")
    return bool(expected) and hmac.compare_digest(found, expected.encode())
