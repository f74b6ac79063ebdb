"""A text in pieces, each with what a reviewer must be told of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.marking import Mark, Stretch

_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class MarkedPiece:
    """`text` as it is shown. Of what does not show: how many lines or characters, what it says."""

    text: str
    mark: Mark | None = None
    count: int = 0
    says: str = ""


def pieces_of(text: str, stretches: Sequence[Stretch]) -> tuple[MarkedPiece, ...]:
    """The whole text, in order; what does not show is in no piece's `text`."""
    pieces: list[MarkedPiece] = []
    at = 0
    for stretch in stretches:
        if stretch.start < at:
            continue
        if at < stretch.start:
            pieces.append(MarkedPiece(text=text[at : stretch.start]))
        pieces.append(_piece(text[stretch.start : stretch.end], stretch))
        at = stretch.end
    return (*pieces, MarkedPiece(text=text[at:])) if at < len(text) else tuple(pieces)


def _piece(text: str, stretch: Stretch) -> MarkedPiece:
    match stretch.mark:
        case Mark.UNREADABLE:
            return MarkedPiece(text=text, mark=stretch.mark)
        case Mark.GAP:
            lines = len(_LINE_END.findall(text)) - 1
            return MarkedPiece(text="", mark=stretch.mark, count=max(lines, 0))
        case _:
            return MarkedPiece(text="", mark=stretch.mark, count=len(text), says=stretch.says)
