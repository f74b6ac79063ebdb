"""An explanation as a plain sentence, in English and Chinese."""

from collections.abc import Sequence

from service.domain.explanation import Explanation, Part

LONGEST_NAME = 40


def in_english(explanation: Explanation) -> str:
    """E.g. "“stupid” and “trash” speak for rejecting; “thanks” speaks for approving."."""
    sides = [
        f"{_and(names)} {'speaks' if len(names) == 1 else 'speak'} for {what}"
        for names, what in (
            (_names(explanation.for_rejecting), "rejecting"),
            (_names(explanation.for_approving), "approving"),
        )
        if names
    ]
    return "; ".join(sides) + "." if sides else "No single part of it weighs much."


def in_chinese(explanation: Explanation) -> str:
    """The same sentence, with full-width punctuation."""
    sides = [
        f"{'、'.join(names)}支持{what}"
        for names, what in (
            (_names(explanation.for_rejecting), "拒绝"),
            (_names(explanation.for_approving), "通过"),
        )
        if names
    ]
    return "；".join(sides) + "。" if sides else "没有哪一部分单独起明显作用。"


def _names(parts: Sequence[Part]) -> list[str]:
    """Each once, in quotation marks; a long run of words by its beginning."""
    shown = dict.fromkeys(part.name for part in parts)
    return [
        f"“{name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + '…'}”"
        for name in shown
    ]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
