"""One set through all of the study: what every policy does with it, split after split."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from experiments.certificates import contract_for
from experiments.study import ablation, bounds, mistakes, opinions, reviewers
from experiments.study.cells import Arrays, Cells, code_of
from experiments.study.measures import (
    Figures,
    of_answers,
    of_confidence,
    of_ranking,
    reliability,
    risk_coverage,
    summary,
)
from experiments.study.members import Member, members_of
from experiments.study.opinions import ENSEMBLE
from experiments.study.policies import ALPHAS, POLICIES, Case
from experiments.study.sets import COSTS, Floats, StudySet
from service.domain.certificate import RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds.cost import cost_of, frontier

MODELS = ("members", "opinions")
BOUNDS_AT_ONCE = 20
POINTS = 120
"""Points of a curve that are kept to be drawn."""

type Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """A set, and what is known of it: models are made when they are first asked for."""

    study: StudySet
    cells: Cells
    code: str
    """Identifies the code that turns scores into figures."""

    @cached_property
    def members(self) -> dict[str, Member]:
        return members_of(self.study)

    def opinions(self, seed: int) -> Arrays:
        """What the models of a split say."""
        parts = [places.tolist() for places in self.study.places(seed).values()]
        return self._scores(
            f"split {seed}", parts, lambda: opinions.of_split(self.study, self.members, seed)
        )

    def cross_fitted(self) -> Arrays:
        """What models that have not seen an item say of it."""
        return self._scores("folds", None, lambda: opinions.of_folds(self.study, self.members))

    def case(self, seed: int) -> Case:
        """The scores and labels of a split."""
        found, parts = self.opinions(seed), self.study.places(seed)
        of_part = {
            part: {name: values[parts[part]] for name, values in found.items()}
            for part in ("calibration", "test")
        }
        return Case(
            calibration=of_part["calibration"],
            test=of_part["test"],
            calibration_labels=self.study.labels[parts["calibration"]],
            test_labels=self.study.labels[parts["test"]],
            one=next(name for name in found if name != ENSEMBLE),
        )

    def figures(self, name: str, depends: object, make: Callable[[], Any]) -> Any:
        """A cell of this set."""
        whole = [self.study.sha256, self.code, _models_code(), depends]
        return self.cells.figures(f"{self.study.name}-{name}", whole, make)

    def _scores(self, name: str, parts: object, make: Callable[[], Arrays]) -> Arrays:
        kept = f"{self.study.name}-{name.replace(' ', '-')}"
        return self.cells.arrays(kept, [self.study.sha256, _models_code(), parts], make)


def compared(bench: Bench, seeds: range, bound_splits: int, say: Say) -> dict[str, Any]:
    """Everything that the page shows of one set."""
    study, rows = bench.study, []
    for seed in seeds:
        say(f"{study.name}: split {seed + 1} of {len(seeds)}")
        rows.append(bench.figures("policies", seed, partial(_of_split, bench, seed)))
    broken: list[bounds.Found] = []
    scores = bench.cross_fitted()[ENSEMBLE]
    for start in range(0, bound_splits, BOUNDS_AT_ONCE):
        say(f"{study.name}: bounds, split {start + 1} of {bound_splits}")
        some = range(start, min(start + BOUNDS_AT_ONCE, bound_splits))
        make = partial(bounds.splits, scores, study.labels, some)
        broken += bench.figures("bounds", [some.start, some.stop], make)
    say(f"{study.name}: labels that the rare side needs")
    needed = bench.figures(
        "rare",
        [list(ALPHAS), bound_splits],
        lambda: [
            bounds.labels_for_the_rare_side(
                scores, study.labels, alpha, min(bounds.RARE_SIDE_SPLITS, bound_splits // 4)
            )
            for alpha in ALPHAS
        ],
    )
    shown_by = [seeds[0], code_of(mistakes)]
    drawn = bench.figures("drawn", shown_by, lambda: _drawn(bench, seeds[0]))
    return {
        "name": study.name,
        "items": len(study),
        "approvable": float(study.labels.mean()),
        "language": study.language or "records",
        "votes": study.approving is not None,
        "card": dict(study.card),
        "sizes": {part: places.size for part, places in study.places(seeds[0]).items()},
        "seeds": list(seeds),
        "policies": {
            kind: {
                policy: summary([row["policies"][kind][policy] for row in rows])
                for policy in rows[0]["policies"][kind]
            }
            for kind in rows[0]["policies"]
        },
        "at review": [row["at review"] for row in rows],
        "models": {
            model: summary([row["models"][model] for row in rows]) for model in rows[0]["models"]
        },
        "ablation": {
            name: summary([row["ablation"][name] for row in rows]) for name in rows[0]["ablation"]
        },
        "bounds": bounds.summarised(broken),
        "rare side": dict(zip(map(str, ALPHAS), needed, strict=True)),
        **drawn,
    }


def _of_split(bench: Bench, seed: int) -> dict[str, Any]:
    case, study = bench.case(seed), bench.study
    truth, places = case.test_labels, study.places(seed)["test"]
    played = {name: policy(case) for name, policy in POLICIES.items()}
    by_reviewers: dict[str, dict[str, Figures]] = {}
    for kind in (reviewers.PERFECT, reviewers.REPLAYED):
        verdicts = reviewers.verdicts(study, kind, seed)
        if verdicts is None:
            continue
        by_reviewers[kind] = {
            name: {
                **of_answers(one.answers, truth, verdicts[places], COSTS),
                **(of_confidence(one.confidence, truth) if one.confidence is not None else {}),
            }
            for name, one in played.items()
        }
    calibrated = {model: case.c(model) for model in case.test}
    return {
        "policies": by_reviewers,
        "models": {
            model: {
                "accuracy": float(((c > 0.5) == (truth == 1)).mean()),
                **of_confidence(c, truth),
                **of_ranking(c, truth),
            }
            for model, c in calibrated.items()
        },
        "at review": {
            model: of_ranking(c, truth)["at 15% review"] for model, c in calibrated.items()
        },
        "ablation": {name: make(case) for name, make in ablation.ROWS.items()},
    }


def _drawn(bench: Bench, seed: int) -> dict[str, Any]:
    """What is drawn, and the mistakes, of one split."""
    case, study = bench.case(seed), bench.study
    truth = case.test_labels
    curves = {model: _thinned(risk_coverage(case.c(model), truth)) for model in case.test}
    return {
        "curves": curves,
        "reliability": {
            "as the model says": reliability(case.test[ENSEMBLE], truth),
            "calibrated": reliability(case.c(ENSEMBLE), truth),
        },
        "frontier": _frontier(case),
        "mistakes": mistakes.mistakes(study, case, study.places(seed)["test"], seed),
    }


def _thinned(curve: Floats) -> list[tuple[float, float]]:
    """Coverage and risk at evenly spaced places; the first few items alone say nothing."""
    first = min(curve.size - 1, max(10, curve.size // 50))
    places = np.unique(np.linspace(first, curve.size - 1, POINTS).astype(np.int64))
    return [((int(place) + 1) / curve.size, float(curve[place])) for place in places]


def _frontier(case: Case) -> list[tuple[float, float, float]]:
    """Cost, system error and review on the test part, of the thresholds that no others beat on the
    calibration part."""
    contract = RiskContract(
        target=Target.SYSTEM_ERROR,
        wrong_answers=contract_for(Target.SYSTEM_ERROR, ALPHAS[0]).wrong_answers,
        costs=COSTS,
    )
    known = case.c_of_calibration(ENSEMBLE)
    everywhere = Thresholds(low=float(np.nextafter(0.5, 0)), high=0.5)
    points = frontier(known, case.calibration_labels, contract, within=everywhere)
    found = [cost_of(one.thresholds, case.c(ENSEMBLE), case.test_labels, COSTS) for one in points]
    return [(one.cost, one.error, one.review) for one in found]


def _models_code() -> str:
    return code_of(*(f"experiments.study.{name}" for name in MODELS))
