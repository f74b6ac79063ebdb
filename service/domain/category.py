"""Categories of items: one name for each, however a caller writes it."""

import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum


class UnknownCategory(StrEnum):
    """What a gate does with an item of a category that it does not know."""

    REVIEW = "review"
    INHERIT = "inherit"


def plain(name: str) -> str:
    """The name without what is no difference: case, width, and the space around it."""
    narrow = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", narrow).strip()


def names_by_spelling(aliases: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The category that each plain spelling means. Of two that claim one, the first has it."""
    found: dict[str, str] = {}
    for name, others in aliases.items():
        for spelling in (name, *others):
            found.setdefault(plain(spelling), name)
    return found


def collision(aliases: Mapping[str, Iterable[str]]) -> tuple[str, str, str] | None:
    """A category, one of its spellings, and the earlier category that claims the same one; None
    where every spelling means one category."""
    meant = names_by_spelling(aliases)
    for name, others in aliases.items():
        for spelling in (name, *others):
            if (other := meant[plain(spelling)]) != name:
                return name, spelling, other
    return None
