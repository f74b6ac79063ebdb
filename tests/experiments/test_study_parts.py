"""What the study is made of: sets, measures, cells, charts, claims."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn import metrics as oracle

from experiments.study import bounds, charts, claims, opinions, reviewers
from experiments.study.cells import Cells
from experiments.study.made_up import made_up
from experiments.study.measures import Answers, average_precision, of_answers, of_ranking
from experiments.study.members import members_of
from experiments.study.mistakes import shown, telling_words
from experiments.study.sets import COSTS
from service.domain.certificate import Target


def test_measures_agree_with_scikit_learn() -> None:
    chance = np.random.default_rng(3)
    labels = (chance.random(500) < 0.3).astype(float)
    c = np.round(np.clip(labels * 0.3 + chance.random(500) * 0.7, 0, 1), 2)  # with ties
    assert average_precision(c, labels) == pytest.approx(oracle.average_precision_score(labels, c))
    answers = Answers(approved=c > 0.6, rejected=c < 0.3)
    verdicts = chance.random(500) < 0.5
    final = answers.final(verdicts)
    found = of_answers(answers, labels, verdicts, COSTS)
    assert found["precision"] == pytest.approx(oracle.precision_score(labels, final))
    assert found["recall"] == pytest.approx(oracle.recall_score(labels, final))
    assert found["F1 macro"] == pytest.approx(oracle.f1_score(labels, final, average="macro"))
    assert found["F1 micro"] == pytest.approx(oracle.f1_score(labels, final, average="micro"))
    assert found["review"] == pytest.approx(((c >= 0.3) & (c <= 0.6)).mean())


def test_areas_under_risk_and_coverage_of_four_items() -> None:
    # The surest is right, the second wrong, the others right: risks 0, 1/2, 1/3, 1/4.
    found = of_ranking(np.array([0.99, 0.05, 0.8, 0.6]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert found["AURC"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert found["AUGRC"] == pytest.approx((0 + 1 + 1 + 1) / 16)


def test_parts_hold_every_item_once_and_keep_the_same_words_together() -> None:
    study = made_up("convabuse", 400)
    doubled = study.at(np.concatenate([np.arange(400), np.arange(50)]))
    parts = doubled.places(3)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(450))
    part_of = {place: name for name, places in parts.items() for place in places.tolist()}
    assert all(part_of[place] == part_of[400 + place] for place in range(50))
    assert [parts[name].size for name in parts] == pytest.approx([315, 67, 67], abs=40)


def test_no_item_is_judged_by_a_model_that_has_seen_it() -> None:
    study = made_up("german_credit", 300)
    seen: list[tuple[set[int], set[int]]] = []

    def member(learnt: Any, asked: Any) -> Any:
        seen.append((set(learnt.tolist()), set(asked.tolist())))
        return np.full(asked.size, 0.4) + asked % 2 * 0.2

    found = opinions.of_split(study, {"one": member}, 0)
    parts = study.places(0)
    assert all(not learnt & asked for learnt, asked in seen)
    assert all(learnt <= set(parts["train"].tolist()) for learnt, _ in seen)
    assert np.isnan(found["ensemble"][parts["train"]]).all()
    assert not np.isnan(opinions.of_folds(study, {"one": member})["ensemble"]).any()
    assert set(members_of(study)) == {"logistic", "boosted trees", "forest"}


def test_replayed_people_follow_the_votes() -> None:
    study = made_up("davidson", 2_000)
    assert study.approving is not None
    said = reviewers.verdicts(study, reviewers.REPLAYED, 0)
    assert said is not None
    agreed = study.approving == study.labels
    assert (said[agreed] == (study.labels[agreed] == 1)).all()
    assert 0 < (said[~agreed] != (study.labels[~agreed] == 1)).mean() < 0.5
    assert reviewers.verdicts(made_up("cold_zh", 50), reviewers.REPLAYED, 0) is None


def test_a_bound_breaks_by_errors_that_chance_does_not_explain() -> None:
    chance = np.random.default_rng(1)
    labels = (chance.random(4_000) < 0.5).astype(float)
    scores = 1 / (1 + np.exp(-chance.normal(np.where(labels == 1, 1.2, -1.2), 1.2)))
    found = bounds.splits(scores, labels, range(3))
    broken = {(row["rule"], row["alpha"]): row["broken"] for row in bounds.summarised(found)}
    assert broken["fixed .85/.30", 0.01] == 1.0
    assert all(broken[f"ours: {target}", 0.01] == 0.0 for target in Target)


def test_cells_are_made_once_for_what_they_depend_on(tmp_path: Path) -> None:
    made: list[int] = []
    cells = Cells(tmp_path)

    def make() -> list[int]:
        made.append(1)
        return made

    assert cells.figures("cell", ["a", 1], make) == [1]
    assert cells.figures("cell", ["a", 1], make) == [1]
    assert cells.figures("cell", ["a", 2], make) == [1, 1]
    arrays = cells.arrays("array", 0, lambda: {"x": np.arange(3.0)})
    assert arrays["x"].tolist() == [0, 1, 2]


def test_charts_are_whole_and_safe() -> None:
    x = charts.Axis(name="coverage", low=0, high=1, per_cent=True)
    y = charts.around("a < b", [0.0, 0.013, 0.04], per_cent=True)
    drawn = [
        charts.lines({"<one>": [(0, 0), (1, 0.04)], "two": [(0, 0.01)]}, x, y, dots=True),
        charts.scatter({"g": {'"p"': (0.5, 0.02)}}, x, y, line=[(0, 0), (1, 0.03)]),
        charts.bars({"a": 0.01, "b": 0.0}, y, line=0.01),
    ]
    assert all(ElementTree.fromstring(chart).tag == "svg" for chart in drawn)
    assert y.ticks() == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])
    assert y.told(0.03) == "3%"


def test_which_of_the_claims_cannot_hold() -> None:
    by_name = {claim.name: claim for claim in claims.CLAIMS}
    assert by_name["fixed thresholds"].possible
    assert not by_name["dynamic thresholds"].possible
    assert by_name["dynamic thresholds"].most == pytest.approx(0.971)
    assert by_name["ensemble + adaptive"].alone_at_least == pytest.approx(0.922)


def test_words_that_tell_are_masked() -> None:
    study = made_up("davidson", 1_000)
    hidden = telling_words(study)
    place = next(
        place for place, text in enumerate(study.texts) if any(w in hidden for w in text.split())
    )
    told = shown(study, place, hidden)
    assert "·" in told
    assert not any(word in hidden and len(word) > 1 for word in told.split())
    chinese = replace(study.first(1), texts=["甲乙丙丁"], language="Chinese")
    assert shown(chinese, 0, frozenset({"乙丙"})) == "甲乙·丁"
