"""The gates over HTTP: what they say, what they stand on, their history."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.api.conftest import KEY, serving, settings_for

ROOT = Path(__file__).resolve().parents[2]

GATES = """\
gates:
  fixed:
    scorer: signals
    thresholds: {low: 0.1, high: 0.9}
    categories: {health: {thresholds: {low: null, high: 0.95}}}
  earning:
    scorer: signals
    contract: {target: auto_error, wrong_answers: 0.01, confidence: 0.95}
    panel_share: 0.05
"""


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("gates")
    (folder / "gates.yaml").write_text(GATES)
    with (
        serving(settings_for(folder)) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        yield client


def test_fixed_thresholds_are_shown_as_promising_nothing(gates: httpx.Client) -> None:
    gate = gates.get("/v1/gates/fixed").json()
    assert gate["standing"] == "fixed"
    assert gate["thresholds"] == {"low": 0.1, "high": 0.9}
    assert gate["categories"] == {"health": {"low": None, "high": 0.95}}
    assert (gate["contract"], gate["certificates"], gate["labels_needed"]) == (None, [], [])


def test_a_contract_that_nothing_proves_yet_says_what_it_needs(gates: httpx.Client) -> None:
    gate = gates.get("/v1/gates/earning").json()
    assert gate["standing"] == "uncertified"
    assert gate["thresholds"] == {"low": None, "high": None}
    assert gate["contract"]["wrong_answers"] == 0.01
    [needed] = gate["labels_needed"]
    assert (needed["promise"], needed["likely"]) == ("wrong_answers", None)
    assert needed["fewest"] >= 299  # so many clean ones prove 1 % at 95 %


def test_certified_on_demand_only_with_labels_and_a_contract(gates: httpx.Client) -> None:
    told = gates.post("/v1/gates/earning/certificates")
    assert (told.status_code, told.json()["type"].rsplit(":")[-1]) == (409, "too-few-labels")
    assert gates.post("/v1/gates/nobody/certificates").status_code == 404
    assert gates.get("/v1/gates/earning").json()["policy_version"] == 1


def test_an_uncertified_gate_reviews_and_says_why(gates: httpx.Client) -> None:
    order = {"item": {"text": "x"}, "signals": {"score": 0.999}}
    answer = gates.post("/v1/gates/earning/decisions", json=order).json()
    assert (answer["decision"], answer["reason"]) == ("human_review", "uncertified")
    task = gates.get(f"/v1/tasks/{answer['review_task_id']}").json()
    assert (task["reason"], task["confidence"], task["suggestion"]) == ("hidden", None, None)


def test_the_history_names_causes(gates: httpx.Client) -> None:
    page = gates.get("/v1/gates/earning/versions").json()
    assert [one["cause"] for one in page["versions"]] == ["file"]
    assert page["versions"][0]["actor"] == "configuration"
    assert page["versions"][0]["policy"]["panel_share"] == 0.05
    wrong = gates.get("/v1/gates/earning/versions", params={"cursor": "x"})
    assert wrong.status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_a_certificate_issued_by_command_is_in_force_and_told_in_words(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("certified")
    (folder / "gates.yaml").write_text(GATES)
    lot = np.random.default_rng(5)
    right = lot.random(3000) < 0.5
    scores = 1 / (1 + np.exp(-3 * np.where(right, 2, -2) + lot.standard_normal(3000)))
    rows = "\n".join(f"{s},{int(r)}" for s, r in zip(scores, right, strict=True))
    (folder / "labels.csv").write_text(f"score,label\n{rows}\n")
    settings = settings_for(folder)
    with (
        serving(settings) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        subprocess.run(
            [sys.executable, "-m", "service", "gate", "calibrate", "earning", "labels.csv"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "GATE_DATABASE_URL": settings.database_url,
                "GATE_CONFIG": str(settings.config),
            },
            check=True,
        )
        deadline = time.monotonic() + 30
        while (gate := client.get("/v1/gates/earning").json())["standing"] != "certified":
            assert time.monotonic() < deadline, "the running service did not notice"
            time.sleep(0.1)  # another process wrote it: nothing to wait on but the clock
        [certificate] = gate["certificates"]
        assert "wrong automatic answers at most 1 %, 95 % sure" in certificate["in_words"]["en"]
        assert "不超过 1%" in certificate["in_words"]["zh-Hans"]
        assert certificate["labels"] == 3000
        assert gate["thresholds"] == certificate["thresholds"]
        order = {"item": {"text": "x"}, "signals": {"score": 0.99999}}
        answer = client.post("/v1/gates/earning/decisions", json=order).json()
        assert answer["decision"] == "auto_approve"
