"""What a gate does when its model fails: rules that its owner wrote, which can reject, and never
approve. Whatever they do not speak of is for people."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

SPACELESS = 0x2E80
"""From here on, scripts write their words without spaces between them."""


@dataclass(frozen=True, kw_only=True)
class FallbackRules:
    """`reject_containing`: phrases whose presence is reason enough to reject a text unseen.

    Case and width of letters do not matter. A phrase is found as whole words: `ass` is not in
    `class`; where a script writes no spaces, it is found anywhere.
    """

    reject_containing: tuple[str, ...] = ()

    def reject(self, text: str | None) -> bool:
        """Whether a rule rejects the text."""
        if text is None or not self.reject_containing:
            return False
        return self._pattern.search(_folded(text)) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_whole, self.reject_containing)))


def _whole(phrase: str) -> str:
    folded = _folded(phrase)
    before = r"(?<!\w)" if _spaced(folded[:1]) else ""
    behind = r"(?!\w)" if _spaced(folded[-1:]) else ""
    return before + re.escape(folded) + behind


def _spaced(letter: str) -> bool:
    return letter.isalnum() and ord(letter) < SPACELESS


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
