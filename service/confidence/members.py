"""How far several judges of one item agree: members of an ensemble, passes of MC dropout, samples.

Throughout `p` holds P(label) as each member says it, shape (members, items, labels).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Spread

type Floats = NDArray[np.float64]

SMALLEST = 1e-12
"""Probabilities are read no nearer than this to 0, where the logarithm ends."""


def agreement(p: Floats) -> Floats:
    """c = 1 - (1/M) sum I[f_m != mode], f_m the member's likeliest label: shape (items,).

    With K labels it is never below 1/K, so it tells how sure, not which way: a feature of c.
    """
    members, _, labels = p.shape
    choices = p.argmax(axis=-1)
    votes = np.stack([(choices == label).sum(axis=0) for label in range(labels)])
    share: Floats = votes.max(axis=0) / members
    return share


def mutual_information(p: Floats) -> Floats:
    """H(mean p) - mean H(p_m), in nats, never below 0: shape (items,)."""
    found: Floats = np.maximum(_entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0), 0.0)
    return found


def mean_log_probability(p: Floats) -> Floats:
    """The mean over members of ln p_m of the label that their mean finds likeliest."""
    likeliest = p.mean(axis=0).argmax(axis=-1)
    chosen = np.take_along_axis(p, likeliest[None, :, None], axis=-1)[..., 0]
    found: Floats = np.log(np.maximum(chosen, SMALLEST)).mean(axis=0)
    return found


def spreads(p: Floats) -> list[Spread]:
    """The spread of every item."""
    found = (agreement(p), mutual_information(p), mean_log_probability(p))
    return [
        Spread(agreement=agreed, mutual_information=information, mean_log_probability=logprob)
        for agreed, information, logprob in np.stack(found, axis=1).tolist()
    ]


def rows_of(spreads: Sequence[Spread]) -> Floats:
    """The spreads as an array (items, 3): agreement, mutual information, mean log-probability."""
    rows = [(s.agreement, s.mutual_information, s.mean_log_probability) for s in spreads]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def spread_of_counts(counts: Sequence[int]) -> Spread:
    """Of answers without probabilities, of which there are so many of each kind: the information
    is the entropy of their shares, and nothing is known of any log-probability (0)."""
    total = sum(counts)
    shares = [count / total for count in counts]
    return Spread(
        agreement=max(shares),
        mutual_information=abs(sum(share * math.log(share) for share in shares)),
        mean_log_probability=0.0,
    )


def _entropy(p: Floats) -> Floats:
    found: Floats = -(p * np.log(np.maximum(p, SMALLEST))).sum(axis=-1)
    return found
