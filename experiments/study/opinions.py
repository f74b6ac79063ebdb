"""What the models say: of the held-out parts of a split, or of every item by folds.

"ensemble" is the stack of all members: a logistic regression on their log-odds, whose weights come
from predictions on parts of the train part that the member had not seen. So nothing of it has
seen the calibration part or the test part.
"""

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

from experiments.study.cells import Arrays
from experiments.study.members import Member
from experiments.study.sets import Floats, Places, StudySet

INNER_FOLDS, FOLDS = 2, 5
FOLDS_SEED = 1_000_003
"""Another lot than any split's, so that folds and splits have nothing to do with each other."""

STACK_PENALTY = 1.0
ENSEMBLE = "ensemble"


def of_split(study: StudySet, members: Mapping[str, Member], seed: int) -> Arrays:
    """P(approving is right) of every item by member and ensemble; NaN in the train part."""
    parts = study.places(seed)
    asked = np.concatenate([parts["calibration"], parts["test"]])
    return _placed(len(study), asked, learnt(study, members, parts["train"], asked))


def of_folds(study: StudySet, members: Mapping[str, Member]) -> Arrays:
    """The same of every item, each by models that have not seen it."""
    folds, found = study.folds(FOLDS_SEED, FOLDS), dict[str, Floats]()
    for fold in range(FOLDS):
        asked = np.flatnonzero(folds == fold)
        told = learnt(study, members, np.flatnonzero(folds != fold), asked)
        for name, values in _placed(len(study), asked, told).items():
            found[name] = np.where(np.isnan(values), found.get(name, values), values)
    return found


def learnt(study: StudySet, members: Mapping[str, Member], train: Places, asked: Places) -> Arrays:
    """What members and ensemble that learnt from the places `train` say of those `asked`."""
    inner = study.folds(FOLDS_SEED + 1, INNER_FOLDS)[train]
    unseen = {name: np.empty(train.size) for name in members}
    for fold in range(INNER_FOLDS):
        for name, member in members.items():
            unseen[name][inner == fold] = member(train[inner != fold], train[inner == fold])
    found = {name: member(train, asked) for name, member in members.items()}
    stack = LogisticRegression(C=STACK_PENALTY, max_iter=1000)
    stack.fit(log_odds(unseen), study.labels[train])
    return {**found, ENSEMBLE: stack.predict_proba(log_odds(found))[:, 1]}


def log_odds(found: Mapping[str, Floats]) -> Floats:
    """Shape (items, members)."""
    inside = np.clip(np.stack(list(found.values()), axis=1), 1e-6, 1 - 1e-6)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def _placed(items: int, places: Places, found: Arrays) -> Arrays:
    placed = {name: np.full(items, np.nan) for name in found}
    for name, values in found.items():
        placed[name][places] = values
    return placed
