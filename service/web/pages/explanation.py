"""What weighs in an item's score: a part of its page that comes when it is ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.domain.explanation import Explanation, Part
from service.domain.ids import TaskId
from service.domain.outcome import Verdict
from service.usecases.decisions.explain import NotExplained
from service.web.pages.errors import PageRoute
from service.web.pages.language import Language, language_of
from service.web.pages.rendering import render
from service.web.pages.sessions import SignedIn
from service.web.services import services_of
from service.web.text.explanations import in_chinese, in_english

router = APIRouter(prefix="/review/tasks/{task_id}", route_class=PageRoute)

HEAVY_FROM = 0.6
"""Of the heaviest part's weight."""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A part in the list: `share` of the heaviest one's weight, in percent."""

    name: str
    side: Verdict
    share: int


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of the text: marked for a side, or None."""

    text: str
    side: Verdict | None = None
    heavy: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An explanation as the page shows it; `text` is empty where there is nothing to mark."""

    sentence: str
    weights: Sequence[Weight]
    text: Sequence[Piece]


@router.get("/explanation")
async def explanation(task_id: str, visitor: SignedIn, request: Request) -> Response:
    """Which words or fields the score rests on; nothing where the AI's word is hidden."""
    services = services_of(request)
    view = await run_in_threadpool(services.review.queries.read, TaskId(task_id), visitor.principal)
    try:
        found = await services.decisions.explain(view.decision, is_gone=request.is_disconnected)
    except NotExplained:
        shown = None
    else:
        shown = _shown(found, view.decision.item.text or "", language_of(request))
    return render(request, "explanation.html", visitor=visitor, csrf=visitor.csrf, shown=shown)


def _shown(found: Explanation, text: str, language: Language) -> Shown:
    told = sorted((*found.for_rejecting, *found.for_approving), key=lambda part: -abs(part.weight))
    heaviest = abs(told[0].weight) if told else 1.0
    return Shown(
        sentence=in_chinese(found) if language is Language.CHINESE else in_english(found),
        weights=[
            Weight(name=part.name, side=_side(part), share=round(100 * abs(part.weight) / heaviest))
            for part in told
        ],
        text=_pieces([part for part in found.parts if part in told], text, heaviest),
    )


def _pieces(marked: Sequence[Part], text: str, heaviest: float) -> list[Piece]:
    """The text with the parts marked that are told of: the rest stays calm."""
    pieces: list[Piece] = []
    at = 0
    for part in marked:
        if part.start is None or part.end is None:
            continue
        heavy = abs(part.weight) >= HEAVY_FROM * heaviest
        pieces += [
            Piece(text=text[at : part.start]),
            Piece(text=text[part.start : part.end], side=_side(part), heavy=heavy),
        ]
        at = part.end
    return [*pieces, Piece(text=text[at:])] if pieces else []


def _side(part: Part) -> Verdict:
    return Verdict.APPROVE if part.weight > 0 else Verdict.REJECT
