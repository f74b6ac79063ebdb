"""When the world changes: made-up streams, and a set whose authors kept a different part apart."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from experiments import streams
from experiments.certificates import contract_for
from experiments.study import opinions
from experiments.study.cells import Cells, code_of
from experiments.study.comparison import Bench
from experiments.study.members import members_of
from experiments.study.opinions import ENSEMBLE
from experiments.study.sets import StudySet
from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate import Target
from service.thresholds.certify import certify, tallies
from service.thresholds.sample import Sample
from service.thresholds.shift import ITEMS_A_CHECK, Reference

ALPHA = 0.05
STREAM_CODE = (
    "experiments.streams",
    "experiments.ours",
    "experiments.synthetic",
    "service.thresholds.safety.look",
    "service.thresholds.safety.watching",
    "service.thresholds.safety.transitions",
    "service.thresholds.safety.disproof",
    "service.thresholds.safety.labels",
)


def stream_runs(cells: Cells, change: str, seed: int) -> list[dict[str, Any]]:
    """Every policy on the stream of this seed."""
    depends = [change, seed, code_of(*STREAM_CODE)]
    found: list[dict[str, Any]] = cells.figures(
        "stream", depends, lambda: [asdict(run) for run in streams.run(seed, change)]
    )
    return found


def stream_rows(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a change and policy: means over the seeds, and in which share of them the error of the
    last items was under alpha."""
    rows = []
    for change, policy in dict.fromkeys((run["change"], run["policy"]) for run in runs):
        of_it = [run for run in runs if (run["change"], run["policy"]) == (change, policy)]
        figures = ("error_before", "load_before", "error", "load", "infeasible")
        rows.append(
            {
                "change": change,
                "policy": policy,
                "seeds": len(of_it),
                **{name: float(np.mean([run[name] for run in of_it])) for name in figures},
                "kept": float(np.mean([run["error"] < streams.ALPHA for run in of_it])),
            }
        )
    return rows


def part_kept_apart(bench: Bench, seed: int) -> dict[str, Any] | None:
    """A certificate from the set's own calibration part, on its test part and on the part that its
    authors keep apart; and whether the confidences alone gave the change away."""
    apart = bench.study.apart
    if apart is None:
        return None
    found: dict[str, Any] = bench.figures("apart", seed, lambda: _apart(bench, apart, seed))
    return found


def _apart(bench: Bench, apart: StudySet, seed: int) -> dict[str, Any]:
    study = bench.study
    both = replace(
        study,
        keys=[*study.keys, *apart.keys],
        texts=[*study.texts, *apart.texts],
        labels=np.concatenate([study.labels, apart.labels]),
        apart=None,
    )
    parts, first = study.places(seed), len(study)
    asked = np.concatenate([parts["calibration"], parts["test"], np.arange(first, len(both))])
    members = members_of(both)
    scores = opinions.learnt(both, members, parts["train"], asked)[ENSEMBLE]
    sizes = np.cumsum([parts["calibration"].size, parts["test"].size])
    calibration, test, elsewhere = np.split(scores, sizes)
    sample = Sample.of(calibration, study.labels[parts["calibration"]])
    certificate = certify(sample, contract_for(Target.SYSTEM_ERROR, ALPHA))
    calibrate = read_calibrator(certificate.calibrator).many
    reference = Reference.of(calibrate(calibration))
    check = reference.check(calibrate(elsewhere)[:ITEMS_A_CHECK])

    def went(raw: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        approvals, rejections = tallies(certificate.thresholds, calibrate(raw), labels == 1)
        return {
            "items": labels.size,
            "approvable": float(labels.mean()),
            "system error": (approvals.wrong + rejections.wrong) / labels.size,
            "review": 1 - (approvals.decided + rejections.decided) / labels.size,
        }

    return {
        "alpha": ALPHA,
        "test part": went(test, study.labels[parts["test"]]),
        "part kept apart": went(elsewhere, apart.labels),
        "alarm": bool(check.alarm),
        "KS p-value": float(check.ks_p_value),
        "PSI": float(check.psi),
    }
