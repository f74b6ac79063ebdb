"""`gate calibrate`: from a labelled file to thresholds in force, as an operator runs it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from service.domain.ids import GateName
from service.domain.label import Label
from service.store.sql_store import SqlStore
from tests.cli.operator import Told, service
from tests.examples import NOW, a_decision

GATES = """\
gates:
  earning:
    scorer: signals
    contract: {target: per_side, wrong_approvals: 0.02, wrong_rejections: 0.02, confidence: 0.9}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gates.yaml").write_text(GATES)
    return tmp_path


def labelled(folder: Path, items: int) -> str:
    lot = np.random.default_rng(5)
    right = lot.random(items) < 0.5
    scores = 1 / (1 + np.exp(-1.9 * (np.where(right, 2.4, -2.4) + lot.standard_normal(items))))
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["score", "label"])
        rows.writerows(zip(scores, right.astype(int), strict=True))
    return str(folder / "labels.csv")


def calibrate(folder: Path, *arguments: str) -> Told:
    config = str(folder / "gates.yaml")
    return service(folder, "gate", "calibrate", "earning", *arguments, GATE_CONFIG=config)


def test_enough_labels_put_a_certificate_in_force(folder: Path) -> None:
    told = calibrate(folder, labelled(folder, 4000))
    assert told.returncode == 0, told.stderr
    assert "wrong approvals at most 2 %" in told.stdout
    assert "90 % sure, from 4,000 labels" in told.stdout
    assert "Version 2 of earning is in force." in told.stdout
    assert service(folder, "audit", "verify").returncode == 0


def test_as_json_for_another_contract(folder: Path) -> None:
    file = labelled(folder, 4000)
    told = calibrate(folder, file, "--target", "system_error", "--alpha", "0.01", "--json")
    [certificate] = json.loads(told.stdout)["certificates"]
    assert certificate["contract"]["target"] == "system_error"
    assert 0 <= certificate["thresholds"]["low"] < certificate["thresholds"]["high"] <= 1


def test_too_few_labels_close_the_gate_and_exit_with_1(folder: Path) -> None:
    told = calibrate(folder, labelled(folder, 10))
    assert told.returncode == 1
    assert "nothing is approved automatically" in told.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("score,label\n0.5,yes\n", "line 2"),
        ("score,label\n0.5,1\nnan,1\n", "line 3"),
        ("score,label\n1.5,1\n", "not between 0 and 1"),
        ("score\n0.5\n", "needs `label`"),
        ("text,label\nhello,1\n", "no model"),
        ("", "needs `label`"),
    ],
)
def test_a_bad_file_is_told_by_its_line(folder: Path, content: str, says: str) -> None:
    (folder / "bad.csv").write_text(content)
    told = calibrate(folder, str(folder / "bad.csv"))
    assert told.returncode == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--target", "per_side", "--alpha-approve", "0"], "no number of labels proves"),
        (["--target", "auto_error"], "do not fit the target"),
        (["--alpha", "0.1"], "--target"),
        (["--target", "auto_error", "--alpha", "0.1", "--delta", "1"], "confidence"),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused(
    folder: Path, options: list[str], says: str
) -> None:
    told = calibrate(folder, labelled(folder, 50), *options)
    assert told.returncode == 2
    assert says in told.stderr


def test_without_a_file_the_panels_labels_count(folder: Path) -> None:
    told = calibrate(folder)
    assert told.returncode == 2
    assert "has given 0 labels" in told.stderr
    store, lot = SqlStore(f"sqlite:///{folder}/gate.db"), np.random.default_rng(5)
    with store.transaction() as tx:
        for right in lot.random(2000) < 0.5:
            score = float(1 / (1 + np.exp(-1.9 * ((2.4 if right else -2.4) + lot.normal()))))
            decision = a_decision(gate="earning", signals={"score": score}, panel=True)
            tx.decisions.add([decision])
            tx.labels.add(
                Label(
                    decision_id=decision.id,
                    gate=GateName("earning"),
                    raw_score=score,
                    source="signal:score",
                    category=None,
                    right=bool(right),
                    panel=True,
                    reviewer="person:lin",
                    at=NOW,
                )
            )
    store.close()
    told = calibrate(folder)
    assert told.returncode == 0, told.stderr
    assert "from 2,000 labels" in told.stdout
