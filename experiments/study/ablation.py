"""What each part of ours is worth: the same case without it."""

from collections.abc import Callable

import numpy as np

from experiments.certificates import contract_for
from experiments.study.measures import Figures, of_answers, of_confidence, of_ranking
from experiments.study.opinions import ENSEMBLE, log_odds
from experiments.study.policies import Case, between
from experiments.study.sets import COSTS, Floats
from service.confidence.calibrators import Calibrator
from service.confidence.member_calibrator import read_calibrator
from service.confidence.members import rows_of, spreads
from service.domain.certificate import Target
from service.thresholds.certify import certify
from service.thresholds.sample import Sample

ALPHA = 0.02
TARGET = Target.SYSTEM_ERROR


def _stack(case: Case) -> Figures:
    return _certified(case, case.calibration[ENSEMBLE], case.test[ENSEMBLE])


def _uncalibrated(case: Case) -> Figures:
    scores = case.calibration[ENSEMBLE], case.test[ENSEMBLE]
    return _certified(case, *scores, calibrator=Calibrator())


def _one_model(case: Case) -> Figures:
    return _certified(case, case.calibration[case.one], case.test[case.one])


def _mean(case: Case) -> Figures:
    means = (np.mean([part[name] for name in case.members], axis=0) for part in _parts(case))
    return _certified(case, *means)


def _mean_and_spread(case: Case) -> Figures:
    stacks = [np.stack([part[name] for name in case.members]) for part in _parts(case)]
    rows = [rows_of(spreads(np.stack([1 - p, p], axis=-1))) for p in stacks]
    means = (p.mean(axis=0) for p in stacks)
    return _certified(case, *means, spread=(rows[0], rows[1]))


def _mean_log_odds(case: Case) -> Figures:
    odds = (
        log_odds({name: part[name] for name in case.members}).mean(axis=1) for part in _parts(case)
    )
    return _certified(case, *(1 / (1 + np.exp(-z)) for z in odds))


ROWS: dict[str, Callable[[Case], Figures]] = {
    "ours: the stack of all members": _stack,
    "calibration off": _uncalibrated,
    "one model": _one_model,
    "mean of the members": _mean,
    "mean of their log-odds": _mean_log_odds,
    "mean and spread (meta-model)": _mean_and_spread,
}


def _parts(case: Case) -> tuple[dict[str, Floats], dict[str, Floats]]:
    return dict(case.calibration), dict(case.test)


def _certified(
    case: Case,
    calibration: Floats,
    test: Floats,
    *,
    calibrator: Calibrator | None = None,
    spread: tuple[Floats, Floats] | None = None,
) -> Figures:
    known, asked = spread or (None, None)
    sample = Sample.of(calibration, case.calibration_labels, spreads=known)
    found = certify(sample, contract_for(TARGET, ALPHA), calibrator=calibrator)
    c = read_calibrator(found.calibrator).many(test, asked)
    answers = between(found.thresholds, c)
    truth = case.test_labels
    figures = of_answers(answers, truth, truth == 1, COSTS)
    ranking = of_ranking(c, truth)
    return {
        **{name: figures[name] for name in ("review", "system error", "auto-error", "cost")},
        **of_confidence(c, truth),
        **{name: ranking[name] for name in ("AURC", "AUGRC", "at 15% review")},
    }
