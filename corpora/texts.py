"""What the text sets have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """One text and the truth: `label` is 1 where approving is right.

    `approving_share` is the share of annotators in [0, 1] who found nothing wrong with it (the
    label, where a set does not tell). `category` is what a gate would call its category.
    """

    text: str
    label: int
    approving_share: float
    category: str | None = None
