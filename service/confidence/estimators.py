"""From what a workflow or a model says to the raw score: how far approving looks right, in [0, 1].

Every function raises BadSignal, with the remedy, where the signal cannot mean anything.
"""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.errors import BadSignal
from service.domain.values import Json

SUM_TOLERANCE = 0.01
"""How far from 1 the probabilities of one distribution may sum."""

FEWEST_SAMPLES = 2


def from_score(score: float) -> float:
    """The workflow's own P(approving is right), in [0, 1]."""
    return float(_probabilities([score])[0])


def from_probabilities(
    probabilities: Mapping[str, float], *, labels: Collection[str], approve_labels: Collection[str]
) -> float:
    """The sum over `approve_labels`. A label that is not named has probability 0."""
    if unknown := sorted(set(probabilities) - set(labels)):
        raise BadSignal(
            f"probabilities names {', '.join(map(repr, unknown))}, which the gate does not know.",
            fix=f"Use the gate's labels: {', '.join(labels)}.",
        )
    names = list(probabilities)
    return _approving(_distribution(list(probabilities.values())), names, approve_labels)


def from_logits(
    logits: Sequence[float], *, labels: Sequence[str], approve_labels: Collection[str]
) -> float:
    """The softmax of the logits, which follow `labels` by position, summed over approve_labels."""
    values = _one_per_label("logits", logits, labels)
    with np.errstate(over="ignore"):  # a logit that far below the largest weighs nothing
        weights = np.exp(values - values.max())
    return _approving(weights / weights.sum(), labels, approve_labels)


def distributions(members: Sequence[Sequence[float]], labels: Sequence[str]) -> NDArray[np.float64]:
    """What an ensemble's members say, each made to sum to 1, shape (members, labels)."""
    if not members:
        raise BadSignal("members is empty.", fix="Give at least one member.")
    return np.array(
        [_distribution(_one_per_label("members", member, labels)) for member in members]
    )


def mean_of(
    rows: NDArray[np.float64], *, labels: Sequence[str], approve_labels: Collection[str]
) -> float:
    """The mean of distributions (members, labels), summed over `approve_labels`."""
    return _approving(rows.mean(axis=0), labels, approve_labels)


def answers_of(samples: Sequence[Json], ai_result: Json) -> Counter[str]:
    """How often each answer was given. Raises BadSignal where the samples cannot agree at all."""
    if len(samples) < FEWEST_SAMPLES:
        raise BadSignal(
            "One sample cannot show how far samples agree.",
            fix=f"Ask the model at least {FEWEST_SAMPLES} times.",
        )
    if ai_result is not None and not any(type(sample) is type(ai_result) for sample in samples):
        # Otherwise their certain disagreement would reject by itself.
        raise BadSignal(
            "No sample is of the same JSON type as ai_result, so they cannot agree.",
            fix="Give samples and ai_result in the same form.",
        )
    return Counter(answer_of(sample) for sample in samples)


def agreeing_share(answers: Counter[str], ai_result: Json) -> float:
    """The share of the answers that agrees with the AI's result, else with the commonest answer."""
    agreeing = max(answers.values()) if ai_result is None else answers[answer_of(ai_result)]
    return agreeing / answers.total()


def from_token_logprobs(logprobs: Sequence[float]) -> float:
    """exp of the mean: the geometric mean probability of the generated tokens. A feature of c,
    not a probability of being right, so a gate that uses it needs a calibrator."""
    values = _numbers("token_logprobs", logprobs)
    if values.size == 0 or values.max() > 0:
        raise BadSignal(
            "token_logprobs needs at least one value, and none above 0.",
            fix="Give the natural logarithms of the probabilities of the generated tokens.",
        )
    with np.errstate(over="ignore"):  # a sum that low is minus infinity, and the mean is 0
        return float(np.exp(values.mean()))


def answer_of(sample: Json) -> str:
    """What makes two samples the same answer: their JSON, without case and outer space."""
    folded = sample.strip().casefold() if isinstance(sample, str) else sample
    try:
        return json.dumps(folded, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadSignal(f"A sample is not JSON: {error}.") from error


def _approving(
    distribution: Iterable[float], labels: Iterable[str], approve_labels: Collection[str]
) -> float:
    named = zip(labels, distribution, strict=True)
    # The sum of all but the rest may pass 1 by a rounding error.
    return min(1.0, math.fsum([p for name, p in named if name in approve_labels]))


def _one_per_label(
    what: str, values: Sequence[float], labels: Sequence[str]
) -> NDArray[np.float64]:
    if len(values) != len(labels):
        raise BadSignal(
            f"{what} has {len(values)} values for {len(labels)} labels.",
            fix=f"Give one value per label, in this order: {', '.join(labels)}.",
        )
    return _numbers(what, values)


def _distribution(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    found = _probabilities(values)
    total = math.fsum(found)
    if abs(total - 1) > SUM_TOLERANCE:
        raise BadSignal(
            f"The probabilities sum to {total:.4g}.",
            fix=f"Give a distribution that sums to 1 (within {SUM_TOLERANCE:g}).",
        )
    return [p / total for p in found]


def _probabilities(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    # Without numpy, which is slow with few numbers. It tells what is wrong with any others.
    if all(isinstance(p, float | int) and 0 <= p <= 1 for p in values):
        return list(values)
    found = _numbers("a probability", values)
    if ((found < 0) | (found > 1)).any():
        raise BadSignal("A probability is not between 0 and 1.")
    return list(found)


def _numbers(what: str, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSignal(f"{what} is not made of numbers.") from error
    if found.ndim != 1 or not np.isfinite(found).all():
        raise BadSignal(f"{what} holds something that is not a finite number.")
    return found
