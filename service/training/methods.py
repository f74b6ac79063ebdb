"""The rows of the comparison: ways from opinions to c, each fitted on the calibration part alone.

An opinion holds P(approving is right) by part, shape (members, items). A method gives c of the
test part.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from service.confidence import calibrators
from service.confidence.calibrators import Kind, choose
from service.confidence.members import agreement, mean_log_probability, mutual_information

type Floats = NDArray[np.float64]
type Opinion = Mapping[str, Floats]
type Method = Callable[[Opinion, Floats], Floats]
"""From an opinion and the labels of the calibration part to c of the test part, shape (items,)."""


def raw(opinion: Opinion, labels: Floats) -> Floats:
    """The mean of the members, as they say it."""
    del labels
    return opinion["test"].mean(axis=0)


def temperature(opinion: Opinion, labels: Floats) -> Floats:
    """softmax(z / T)."""
    fitted = calibrators.fit(Kind.TEMPERATURE, opinion["calibration"].mean(axis=0), labels)
    return fitted.many(opinion["test"].mean(axis=0))


def calibrated(opinion: Opinion, labels: Floats) -> Floats:
    """The mean of the members, by the calibrator that cross-validation chooses."""
    fitted = choose(opinion["calibration"].mean(axis=0), labels).calibrator
    return fitted.many(opinion["test"].mean(axis=0))


def agreed(opinion: Opinion, labels: Floats) -> Floats:
    """c = 1 - (1/M) sum I[f_m != mode]: the share of members that agree, for their side."""
    del labels
    return (opinion["test"] > 0.5).mean(axis=0)


def weighed(opinion: Opinion, labels: Floats) -> Floats:
    """A logistic P(the likelier answer is right) on how sure the members are and how far they
    agree, turned to the side of that answer."""
    features, approving = _features(opinion["calibration"])
    model = LogisticRegression(C=1e3, max_iter=1000).fit(features, approving == (labels == 1))
    features, approving = _features(opinion["test"])
    right = model.predict_proba(features)[:, 1]
    return np.where(approving, right, 1 - right)


def stack(opinion: Opinion, labels: Floats) -> Floats:
    """A logistic P(approving is right) on the log-odds of every member: each has its own weight."""
    model = LogisticRegression(C=1e3, max_iter=1000).fit(_log_odds(opinion["calibration"]), labels)
    return model.predict_proba(_log_odds(opinion["test"]))[:, 1]


def _features(members: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    mean = members.mean(axis=0)
    both = np.stack([members, 1 - members], axis=-1)
    sure = np.abs(_log_odds(mean[None])[:, 0])
    found = [sure, agreement(both), mutual_information(both), mean_log_probability(both)]
    return np.stack(found, axis=1), mean > 0.5


def _log_odds(members: Floats) -> Floats:
    inside = np.clip(members, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside)).T
