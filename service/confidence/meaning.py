"""Samples that say the same in other words: clusters by the cosine of their embeddings.

Measured on 120 pairs written for it (`python -m experiments.meaning`): at SAME_MEANING the embedded
model puts 60 % of paraphrases together and no two statements on different matters, but 55 % of
those that say something else in nearly the same words: no threshold tells these apart (AUROC .45).
So the share of a cluster is a feature of c, never c: a gate may use it under a contract alone,
where labels show what it is worth.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.confidence.estimators import answer_of, answers_of
from service.confidence.members import spread_of_counts
from service.confidence.signals import RawScore
from service.domain.values import Json

SAME_MEANING = 0.85
"""The cosine from which on two texts count as saying the same."""

type Vectors = Mapping[str, NDArray[np.float32]]


def texts_of(samples: Sequence[Json], ai_result: Json) -> dict[str, str]:
    """The texts among the samples and the AI's result, one of each answer, by the answer. Raises
    BadSignal where the samples cannot agree at all."""
    answers_of(samples, ai_result)
    return {answer_of(text): text for text in (*samples, ai_result) if isinstance(text, str)}


def raw_of_meanings(samples: Sequence[Json], ai_result: Json, vectors: Vectors) -> RawScore:
    """The share of the samples in the cluster of the AI's result, else in the largest.

    `vectors` holds a unit vector of every answer that is a text; others agree only if equal.
    """
    counts = answers_of(samples, ai_result)
    commonest = [answer for answer, _ in counts.most_common()]
    seed = [] if ai_result is None else [answer_of(ai_result)]
    sizes = [
        sum(counts[answer] for answer in cluster)
        for cluster in _clusters([*seed, *commonest], vectors)
    ]
    agreeing = max(sizes) if ai_result is None else sizes[0]
    return RawScore(
        value=agreeing / len(samples), spread=spread_of_counts([size for size in sizes if size])
    )


def _clusters(answers: Sequence[str], vectors: Vectors) -> list[list[str]]:
    """Each answer joins the first cluster in which it is near to all, else founds one: no chain of
    small steps leads from one answer to its opposite."""
    clusters: list[list[str]] = []
    for answer in dict.fromkeys(answers):
        for cluster in clusters:
            if all(_near(answer, other, vectors) for other in cluster):
                cluster.append(answer)
                break
        else:
            clusters.append([answer])
    return clusters


def _near(one: str, other: str, vectors: Vectors) -> bool:
    if one not in vectors or other not in vectors:
        return False
    return float(vectors[one] @ vectors[other]) >= SAME_MEANING
