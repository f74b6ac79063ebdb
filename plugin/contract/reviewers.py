"""How good a gate's reviewers are, for those who answer for the gate."""

from pydantic import Field

from plugin.contract.values import Answer


class Reviewer(Answer):
    """One person, by the items that others answered too."""

    name: str
    answers: int = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)
    """How often the answers are right by the consensus of all."""
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    """The 95 % interval."""


class Reviewers(Answer):
    """Answer of `GET /v1/gates/{gate}/reviewers`."""

    items: int = Field(ge=0)
    """That several people answered: all of this rests on them."""
    alpha: float | None = None
    """Krippendorff's: 1 where all agree, 0 where they do as by chance."""
    in_words: dict[str, str] = Field(default_factory=dict)
    """What alpha means, by language: `en` and `zh-Hans`."""
    reviewers: list[Reviewer] = Field(default_factory=list)
