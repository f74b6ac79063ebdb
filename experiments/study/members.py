"""What an ensemble is made of: models that read the same items in different ways.

A member learns from the items of some places and tells P(approving is right) of others.
"""

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import scipy.sparse
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.study.sets import Floats, Places, StudySet

BUCKETS = 2**19
PENALTY = 1.0
"""C of the n-grams' logistic regressions: chosen inside davidson's train part, for all sets."""
RECORDS_PENALTY = 0.1

SEED = 7


class Member(Protocol):
    """Learns from items at the first places and tells P(approving is right) of the others."""

    def __call__(self, learnt: Places, asked: Places) -> Floats: ...


def members_of(study: StudySet) -> dict[str, Member]:
    """The members for a set; the first is the one that stands for "one model" in comparisons."""
    if study.records:
        return _of_records(study)
    if study.name == "cold_zh":
        return {
            "characters": _n_grams(study, "char", (1, 4)),
            "pairs of characters": _n_grams(study, "char", (1, 2), weighted=False),
        }
    found: dict[str, Member] = {
        "characters": _n_grams(study, "char_wb", (2, 5)),
        "words": _n_grams(study, "word", (1, 2)),
    }
    if study.approving is not None:
        found["words, by votes"] = _n_grams(study, "word", (1, 2), votes=study.approving)
    return found


def _n_grams(
    study: StudySet,
    analyzer: str,
    lengths: tuple[int, int],
    *,
    weighted: bool = True,
    votes: Floats | None = None,
) -> Member:
    """TF-IDF of hashed n-grams under a logistic regression.

    `weighted`: each n-gram by the log of how much more often it occurs on the one side (Wang and
    Manning 2012). `votes`: learns the share of annotators who approve in place of the label.
    """
    counts = HashingVectorizer(
        analyzer=analyzer,
        ngram_range=lengths,
        n_features=BUCKETS,
        norm=None,
        alternate_sign=False,
        token_pattern=r"\b\w+\b",  # noqa: S106 (words of one letter too)
    ).transform(map(plain, study.texts))

    def member(learnt: Places, asked: Places) -> Floats:
        idf = TfidfTransformer(sublinear_tf=True).fit(counts[learnt])
        weights = _log_count_ratio(counts[learnt], study.labels[learnt]) if weighted else 1.0
        model = LogisticRegression(C=PENALTY, solver="liblinear", dual=True, random_state=SEED)
        features = _scaled(idf.transform(counts[learnt]), weights)
        if votes is None:
            model.fit(features, study.labels[learnt])
        else:
            _fit_shares(model, features, votes[learnt])
        found: Floats = model.predict_proba(_scaled(idf.transform(counts[asked]), weights))[:, 1]
        return found

    return member


def _fit_shares(model: LogisticRegression, features: Any, shares: Floats) -> None:
    """Each item stands on both sides, with the weight of its votes for them."""
    both = scipy.sparse.vstack([features, features]).tocsr()
    sides = np.repeat([1.0, 0.0], shares.size)
    weights = np.concatenate([shares, 1 - shares])
    model.fit(both[weights > 0], sides[weights > 0], sample_weight=weights[weights > 0])


def plain(text: str) -> str:
    """The text without whom it speaks to and where it links to."""
    return re.sub(r"@\w+", " @user ", re.sub(r"https?://\S+", " http ", text))


def _log_count_ratio(counts: Any, labels: Floats) -> Floats:
    there = (counts > 0).astype(np.float64)
    one, other = (np.asarray(there[labels == side].sum(axis=0)).ravel() + 1 for side in (1, 0))
    ratio: Floats = np.log(one / one.sum()) - np.log(other / other.sum())
    return ratio


def _scaled(matrix: Any, weights: Floats | float) -> Any:
    return matrix if isinstance(weights, float) else matrix.multiply(weights).tocsr()


def _of_records(study: StudySet) -> dict[str, Member]:
    features = DictVectorizer(sparse=False).fit_transform(
        [dict(record) for record in study.records]
    )
    models: dict[str, Callable[[], Any]] = {
        "logistic": lambda: make_pipeline(
            StandardScaler(), LogisticRegression(C=RECORDS_PENALTY, max_iter=1000)
        ),
        "boosted trees": lambda: HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.08, max_leaf_nodes=8, random_state=SEED
        ),
        "forest": lambda: RandomForestClassifier(50, min_samples_leaf=5, random_state=SEED),
    }
    return {name: _on_features(features, study.labels, make) for name, make in models.items()}


def _on_features(features: Any, labels: Floats, make: Callable[[], Any]) -> Member:
    def member(learnt: Places, asked: Places) -> Floats:
        model = make().fit(features[learnt], labels[learnt])
        found: Floats = model.predict_proba(features[asked])[:, 1]
        return found

    return member
