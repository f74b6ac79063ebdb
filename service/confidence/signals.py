"""A workflow's signal, or a model's answer, as a raw score with the label it leans to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.confidence import estimators
from service.domain.errors import BadSignal
from service.domain.values import Json


@dataclass(frozen=True, kw_only=True)
class RawScore:
    """How far approving looks right, in [0, 1], and the likeliest label where there is one."""

    value: float
    label: str | None = None


def raw_of_probabilities(
    probabilities: Mapping[str, float], *, labels: Sequence[str], approve_labels: Sequence[str]
) -> RawScore:
    """P(label) summed over `approve_labels`. Raises BadSignal for a label that is not known."""
    value = estimators.from_probabilities(
        probabilities, labels=labels, approve_labels=approve_labels
    )
    return RawScore(value=value, label=max(probabilities, key=lambda name: probabilities[name]))


def raw_of_signal(
    signals: Mapping[str, Any],
    *,
    labels: Sequence[str],
    approve_labels: Sequence[str],
    ai_result: Json,
) -> RawScore:
    """The raw score of a mapping that holds exactly one of the contract's six signals.

    Raises BadSignal, with the remedy, where there is not exactly one or it means nothing here.
    """
    if len(signals) != 1:
        raise BadSignal("signals must hold exactly one signal.", fix="Send one, or leave it out.")
    (kind, value), *_ = signals.items()
    match kind:
        case "score":
            return RawScore(value=estimators.from_score(value))
        case "probabilities":
            return raw_of_probabilities(value, labels=labels, approve_labels=approve_labels)
        case "logits":
            raw = estimators.from_logits(value, labels=labels, approve_labels=approve_labels)
            return RawScore(value=raw, label=labels[int(np.argmax(value))])
        case "members":
            raw = estimators.from_members(value, labels=labels, approve_labels=approve_labels)
            return RawScore(value=raw, label=labels[int(np.argmax(np.mean(value, axis=0)))])
        case "samples":
            return RawScore(value=estimators.from_samples(value, ai_result=ai_result))
        case "token_logprobs":
            return RawScore(value=estimators.from_token_logprobs(value))
        case _:
            raise BadSignal(f"There is no signal named {kind!r}.")
