"""What people say of the items they are asked about."""

import numpy as np

from experiments.study.measures import Flags
from experiments.study.sets import StudySet

PERFECT, REPLAYED = "perfect", "replayed"


def verdicts(study: StudySet, kind: str, seed: int) -> Flags | None:
    """Whom a reviewer would approve, (items,); None where the set's votes are not known.

    Replayed: one of the item's own annotators, by lot. The label is these annotators' majority, so
    they agree with it more often than people who had no part in it would.
    """
    if kind == PERFECT:
        right: Flags = study.labels == 1
        return right
    if study.approving is None:
        return None
    drawn: Flags = np.random.default_rng([seed, 3]).random(len(study)) < study.approving
    return drawn
