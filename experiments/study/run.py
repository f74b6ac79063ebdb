"""The whole study, cell by cell: what is there already is not computed again."""

import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from corpora import DataMissing
from corpora.sources import REPOSITORY
from experiments import certificates, streams
from experiments.study import changes
from experiments.study.cells import Cells, code_of
from experiments.study.claims import CLAIMS, WANTED_AT_15
from experiments.study.comparison import BOUNDS_AT_ONCE, Bench, compared
from experiments.study.made_up import made_up
from experiments.study.opinions import ENSEMBLE
from experiments.study.sets import COSTS, SETS, StudySet
from experiments.study.shown import shown
from service.domain.certificate import Target

SMALL = 600
"""Items of a set where time is short."""
DRAWS_AT_ONCE = 10
CODE = (
    *(
        f"experiments.study.{name}"
        for name in ("policies", "measures", "bounds", "ablation", "reviewers")
    ),
    "experiments.rivals",
    *(
        f"service.thresholds.{name}"
        for name in ("certify", "trial", "rules", "binomial", "sample", "strategies", "outlook")
    ),
    "service.confidence.calibrators",
    "service.confidence.member_calibrator",
)
"""The modules that turn scores into figures: another one of them, and all is computed anew."""

type Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything."""

    splits: Mapping[str, int]
    bound_splits: int
    draws: int
    seeds: int
    changes: tuple[str, ...]
    items: int | None = None

    @property
    def quick(self) -> bool:
        return self.items is not None


FULL = Plan(
    splits={"davidson": 20, "cold_zh": 5, "convabuse": 10, "german_credit": 20},
    bound_splits=200,
    draws=200,
    seeds=20,
    changes=tuple(streams.CHANGES),
)
QUICK = Plan(
    splits=dict.fromkeys(SETS, 2),
    bound_splits=4,
    draws=2,
    seeds=1,
    changes=("10 -> 30 % approvable",),
    items=SMALL,
)


def run(plan: Plan, folder: Path, say: Say) -> dict[str, Any]:
    """All results, as the page shows them."""
    cells, code = Cells(folder / "cache"), code_of(*CODE)
    found: dict[str, Any] = {"about": _about(plan), "sets": {}, "apart": {}}
    for name in SETS:
        study = study_set(name, plan)
        bench = Bench(study=study, cells=cells, code=code)
        seeds = range(plan.splits[name])
        found["sets"][name] = compared(bench, seeds, plan.bound_splits, say)
        apart = changes.part_kept_apart(bench, seeds[0])
        if apart is not None:
            found["apart"][name] = apart
    found["synthetic"] = _synthetic(plan, cells, code, say)
    runs: list[dict[str, Any]] = []
    for change in plan.changes:
        for seed in range(plan.seeds):
            say(f"stream, {change}: seed {seed + 1} of {plan.seeds}")
            runs += changes.stream_runs(cells, change, seed)
    found["streams"] = changes.stream_rows(runs)
    found["claims"] = [
        asdict(claim) | {"most": claim.most, "verdict": claim.verdict} for claim in CLAIMS
    ]
    found["bar"] = _bar(found["sets"]["davidson"])
    found["shown"] = shown(found)
    return found


def steps(plan: Plan) -> int:
    """How often `run` says what it is at."""
    of_sets = sum(
        count + ceil(plan.bound_splits / BOUNDS_AT_ONCE) + 1 for count in plan.splits.values()
    )
    of_draws = len(certificates.ALPHAS) * ceil(plan.draws / DRAWS_AT_ONCE)
    return of_sets + of_draws + len(plan.changes) * plan.seeds


def study_set(name: str, plan: Plan) -> StudySet:
    """The set, or a part of it; a made-up one in its place where it is not on this machine."""
    try:
        study = SETS[name]()
    except DataMissing:
        return made_up(name, plan.items or SMALL)
    return study.first(plan.items) if plan.items else study


def _synthetic(plan: Plan, cells: Cells, code: str, say: Say) -> list[dict[str, Any]]:
    """Broken bounds where the truth is known: see `experiments.certificates`."""
    rows: list[dict[str, Any]] = []
    truth = certificates.Truth()
    for alpha in certificates.ALPHAS:
        found: list[tuple[str, Target, certificates.Risks]] = []
        for start in range(0, plan.draws, DRAWS_AT_ONCE):
            say(f"synthetic, alpha {alpha:.0%}: draw {start + 1} of {plan.draws}")
            draws = range(start, min(start + DRAWS_AT_ONCE, plan.draws))
            make = partial(_draws, draws, alpha, truth)
            depends = [code, code_of("experiments.certificates", "experiments.synthetic"), alpha]
            kept = cells.figures("synthetic", [*depends, draws.start, draws.stop], make)
            found += [
                (rule, Target(target), certificates.Risks(**risks)) for rule, target, risks in kept
            ]
        rows += [asdict(row) for row in certificates.summarised(found, alpha)]
    return rows


def _draws(draws: range, alpha: float, truth: certificates.Truth) -> list[list[Any]]:
    return [
        [rule, target, asdict(risks)]
        for rule, target, risks in certificates.outcomes(draws, alpha, truth)
    ]


def _bar(davidson: Mapping[str, Any]) -> dict[str, Any]:
    """Accuracy on davidson's test parts with 15 % review by people who are always right."""
    models = davidson["at review"][0]
    return {
        "wanted": WANTED_AT_15,
        "splits": len(davidson["at review"]),
        "ensemble": ENSEMBLE,
        "rows": {model: _spread([row[model] for row in davidson["at review"]]) for model in models},
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "least": min(values),
        "kept": float(np.mean([value >= WANTED_AT_15 for value in values])),
    }


def _about(plan: Plan) -> dict[str, Any]:
    packages = ("numpy", "scikit-learn", "scipy")
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": plan.quick,
        "command": "make experiment" + (" QUICK=1" if plan.quick else ""),
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "machine": f"{platform.system()} {platform.machine()}",
        "costs": asdict(COSTS),
    }


def _commit() -> str:
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
