"""How good a gate's reviewers are. For managers alone."""

from dataclasses import asdict

from fastapi import APIRouter, Request

from plugin.contract import reviewers as wire
from service.web.auth import Caller
from service.web.pages.language import Language, Speech
from service.web.services import services_of

router = APIRouter(tags=["gates"])


@router.get("/gates/{gate}/reviewers")
def read(gate: str, caller: Caller, request: Request) -> wire.Reviewers:
    """What the answers to items that several people answered say of each of them."""
    found = services_of(request).review.reviewers.quality(gate, caller)
    if found is None:
        return wire.Reviewers(items=0)
    key = f"agreement.{found.agreement}"
    return wire.Reviewers(
        items=len(found.items),
        alpha=found.alpha,
        in_words={language.value: Speech(language)(key) for language in Language},
        reviewers=[wire.Reviewer(**asdict(one)) for one in found.reviewers],
    )
