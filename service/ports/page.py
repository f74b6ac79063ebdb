"""A part of a listing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of a listing, newest first; `before` is the last id of the page above."""

    limit: int = 50
    before: str | None = None
