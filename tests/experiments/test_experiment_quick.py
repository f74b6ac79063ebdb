"""The whole study, small: on parts of the real sets where they are, else on made-up ones."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from experiments.study.policies import ALPHAS, POLICIES
from experiments.study.run import QUICK, steps
from experiments.study.sets import SETS
from service.domain.certificate import Target

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("experiment")
    (made / "said").write_text(study(made), encoding="utf-8")
    return made


def study(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "experiments", "--quick", "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "GATE_MLFLOW_URL"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def results(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "results.json").read_text(encoding="utf-8")))


@pytest.mark.timeout(900)  # a minute on this machine alone; CI has slower ones
def test_every_policy_is_measured_on_every_set(folder: Path) -> None:
    found = results(folder)
    assert list(found["sets"]) == list(SETS)
    for one in found["sets"].values():
        rows = one["policies"]["perfect"]
        assert list(rows) == list(POLICIES)
        assert rows["humans alone"]["review"][0] == 1.0
        assert rows["humans alone"]["accuracy"][0] == 1.0
        assert rows["AI alone, ensemble"]["review"][0] == 0.0
        for values in rows.values():
            # People who are always right leave the automatic errors alone.
            assert values["accuracy"][0] == pytest.approx(1 - values["system error"][0])
        assert one["votes"] == ("replayed" in one["policies"])
        assert {row["alpha"] for row in one["bounds"]} == set(ALPHAS)
        assert {row["target"] for row in one["bounds"]} == set(Target)
    assert {name for name, one in found["sets"].items() if one["votes"]} == {
        "davidson",
        "convabuse",
    }


def test_the_bar_counts_what_the_run_says(folder: Path) -> None:
    *said, last = (folder / "said").read_text(encoding="utf-8").splitlines()
    assert len(said) == steps(QUICK)
    assert last.startswith("Written: ")


def test_people_who_vote_as_they_did_make_mistakes(folder: Path) -> None:
    of_people = results(folder)["sets"]["davidson"]["policies"]["replayed"]["humans alone"]
    assert 0.8 < of_people["accuracy"][0] < 1.0


def test_the_page_stands_alone(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4 * len(SETS)
    assert not any(outside in page for outside in ("<script", "<link", "src=", "@import", "url("))
    assert all(f'id="{name}"' in page for name in SETS)
    assert "97.1" in page  # the most that the source's dynamic row could come to


def test_the_summary_says_what_was_to_be_shown(folder: Path) -> None:
    told = (folder / "summary.md").read_text(encoding="utf-8")
    for row in results(folder)["shown"]:
        assert row["what"] in told
    assert told.count("## ") >= len(SETS) + 4


def test_every_figure_is_in_the_table(folder: Path) -> None:
    with (folder / "figures.csv").open(encoding="utf-8", newline="") as file:
        table = {row["figure"]: float(row["value"]) for row in csv.DictReader(file)}
    perfect = results(folder)["sets"]["cold_zh"]["policies"]["perfect"]
    cell = "sets/cold_zh/policies/perfect/fixed .85/.30/review/0"
    assert table[cell] == perfect["fixed .85/.30"]["review"][0]


@pytest.mark.timeout(900)
def test_a_second_run_computes_only_what_is_gone(folder: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (folder / "cache").iterdir()}
    gone = next(file for file in before if file.name.startswith("convabuse-policies"))
    content, first = gone.read_bytes(), results(folder)
    gone.unlink()
    study(folder)
    after = {file: file.stat().st_mtime_ns for file in (folder / "cache").iterdir()}
    assert {file for file in before if before[file] != after[file]} == {gone}
    assert gone.read_bytes() == content
    again = results(folder)
    assert {**again, "about": 0} == {**first, "about": 0}
