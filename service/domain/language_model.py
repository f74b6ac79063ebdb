"""A language model that judges items, as the operator describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from service.domain.values import Json

QUESTION = "Which label fits the item?"


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A model behind an OpenAI-compatible server, and how it is asked.

    It is shown `question`, the `answers` (label to the one token that stands for it), and the
    item; what it would say first is its judgement. `extra` goes into every request as it is.
    """

    name: str
    url: str
    model: str
    answers: Mapping[str, str]
    approve_labels: tuple[str, ...]
    question: str = QUESTION
    api_key: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=8)
    at_once: int = 16
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.answers)
