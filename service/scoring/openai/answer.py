"""What a server's answer says of each label."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from service.domain.errors import ScorerFailed

LEAST_MASS = 0.5
"""Of all that the model might have said first, the share that the labels must have: below it, it
was about to say something else, and what the labels got says little."""


def probabilities_of(reply: Any, answers: Mapping[str, str]) -> dict[str, float]:
    """P(label | one of the labels is said), summing to 1, from a chat completion with logprobs.

    A token counts for the label whose answer it is, whatever its case and the white space around
    it. A label whose token is not listed gets 0: it is less likely than all that are. Raises
    ScorerFailed where the answer has no log-probabilities or the labels' mass is under LEAST_MASS.
    """
    found = dict.fromkeys(answers, 0.0)
    labels = {answer.casefold(): label for label, answer in answers.items()}
    for token, probability in _first_tokens(reply):
        label = labels.get(token.strip().casefold())
        if label is not None:
            found[label] += probability
    mass = sum(found.values())
    if mass < LEAST_MASS:
        raise ScorerFailed(
            f"The model gave the labels {mass:.0%} of what it might say first. "
            "Is it asked to think aloud, or does its prompt format differ?"
        )
    return {label: probability / mass for label, probability in found.items()}


def _first_tokens(reply: Any) -> Iterator[tuple[str, float]]:
    try:
        first = reply["choices"][0]["logprobs"]["content"][0]
        # Several tokens may read the same (" A", "A"), yet each comes once, the said one too.
        listed = {_identity(entry): entry for entry in (*first["top_logprobs"], first)}
        for entry in listed.values():
            logprob = float(entry["logprob"])
            if not logprob <= 0.01:  # NaN too; a rounding above 0 is harmless
                raise ScorerFailed(f"The server gave a log-probability of {logprob}.")
            yield str(entry["token"]), math.exp(min(logprob, 0.0))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ScorerFailed("The server's answer holds no log-probabilities.") from error


def _identity(entry: Any) -> tuple[Any, ...]:
    return entry["token"], tuple(entry.get("bytes") or ())
