"""What a workflow knows about its own answer, in exactly one of six forms."""

import math
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from plugin.contract.values import Json, Name, Request

SUM_TOLERANCE = 0.01
"""How far from 1 the probabilities of one distribution may sum."""

Probability = Annotated[float, Field(ge=0, le=1)]
LogProbability = Annotated[float, Field(le=0)]


def _check_sum(probabilities: list[float]) -> None:
    total = math.fsum(probabilities)
    if abs(total - 1) > SUM_TOLERANCE:
        raise ValueError(f"sum to {total:.4g}: probabilities must sum to 1 (within .01)")


class Signals(Request):
    """Exactly one of the six; `{}`, or two of them, is an error."""

    score: Probability | None = None
    """P(approving is right), as the workflow sees it."""
    probabilities: Annotated[dict[Name, Probability], Field(min_length=1)] | None = None
    """Label to probability; they sum to 1 within .01."""
    logits: Annotated[list[float], Field(min_length=1)] | None = None
    """One per label of the gate, by position."""
    samples: Annotated[list[Json], Field(min_length=1)] | None = None
    """Several answers to the same question."""
    token_logprobs: Annotated[list[LogProbability], Field(min_length=1)] | None = None
    """Natural logarithms of the probabilities of the generated tokens."""
    members: (
        Annotated[
            list[Annotated[list[Probability], Field(min_length=1)]],
            Field(min_length=1),
        ]
        | None
    ) = None
    """Per ensemble member, the probability of each label of the gate, by position."""

    @property
    def kind(self) -> str:
        """The name of the one form that is there."""
        return next(name for name in self.model_fields_set if getattr(self, name) is not None)

    @field_validator("probabilities")
    @classmethod
    def _one_distribution(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is not None:
            _check_sum(list(value.values()))
        return value

    @field_validator("members")
    @classmethod
    def _one_distribution_each(cls, value: list[list[float]] | None) -> list[list[float]] | None:
        for member in value or []:
            if len(member) != len(value[0] if value else []):
                raise ValueError("differ in length: each member needs one probability per label")
            _check_sum(member)
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        names = list(type(self).model_fields)
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise ValueError(f"give exactly one of {', '.join(names)}; found {found}")
        return self
