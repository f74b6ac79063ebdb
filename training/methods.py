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
from service.confidence.member_calibrator import fit_members
from service.confidence.members import rows_of, spreads

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
    """The logistic meta-model of the mean and of how far the members agree, as served."""
    mean, spreads = _features(opinion["calibration"])
    return fit_members(mean, labels, spreads).many(*_features(opinion["test"]))


def stack(opinion: Opinion, labels: Floats) -> Floats:
    """A logistic P(approving is right) on the log-odds of every member: each has its own weight."""
    model = LogisticRegression(C=1e3, max_iter=1000).fit(_log_odds(opinion["calibration"]), labels)
    found: Floats = model.predict_proba(_log_odds(opinion["test"]))[:, 1]
    return found


def _features(members: Floats) -> tuple[Floats, Floats]:
    both = np.stack([members, 1 - members], axis=-1)
    return members.mean(axis=0), rows_of(spreads(both))


def _log_odds(members: Floats) -> Floats:
    inside = np.clip(members, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside)).T
