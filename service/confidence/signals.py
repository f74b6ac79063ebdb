"""A workflow's signal, or a model's answer, as a raw score with the label it leans to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.confidence import estimators
from service.confidence.members import spread_of_counts, spreads
from service.domain.decision import Score, Spread
from service.domain.errors import BadSignal
from service.domain.values import Json


@dataclass(frozen=True, kw_only=True)
class RawScore:
    """How far approving looks right, in [0, 1], the likeliest label where there is one, and the
    spread where several members or samples said so."""

    value: float
    label: str | None = None
    spread: Spread | None = None


def raw_of_probabilities(
    probabilities: Mapping[str, float],
    *,
    labels: Sequence[str],
    approve_labels: Sequence[str],
    spread: Spread | None = None,
) -> RawScore:
    """P(label) summed over `approve_labels`. Raises BadSignal for a label that is not known."""
    value = estimators.from_probabilities(
        probabilities, labels=labels, approve_labels=approve_labels
    )
    likeliest = max(probabilities, key=probabilities.__getitem__)
    return RawScore(value=value, label=likeliest, spread=spread)


def raw_of_score(score: Score, *, labels: Sequence[str], approve_labels: Sequence[str]) -> RawScore:
    """What a model says, with the spread of its members."""
    return raw_of_probabilities(
        score.probabilities, labels=labels, approve_labels=approve_labels, spread=score.spread
    )


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
            rows = estimators.distributions(value, labels)
            raw = estimators.mean_of(rows, labels=labels, approve_labels=approve_labels)
            (spread,) = spreads(rows[:, None])
            return RawScore(value=raw, label=labels[int(rows.mean(axis=0).argmax())], spread=spread)
        case "samples":
            answers = estimators.answers_of(value, ai_result)
            return RawScore(
                value=estimators.agreeing_share(answers, ai_result),
                spread=spread_of_counts(list(answers.values())),
            )
        case "token_logprobs":
            return RawScore(value=estimators.from_token_logprobs(value))
        case _:
            raise BadSignal(f"There is no signal named {kind!r}.")
