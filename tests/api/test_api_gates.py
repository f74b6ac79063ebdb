"""The gates over HTTP: what they say, what they stand on, their history."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import KEY, serving, settings_for

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


def test_an_uncertified_gate_reviews_and_says_why(gates: httpx.Client) -> None:
    order = {"item": {"text": "x"}, "signals": {"score": 0.999}}
    answer = gates.post("/v1/gates/earning/decisions", json=order).json()
    assert (answer["decision"], answer["reason"]) == ("human_review", "uncertified")
    task = gates.get(f"/v1/tasks/{answer['review_task_id']}").json()
    assert (task["reason"], task["confidence"], task["suggestion"]) == ("hidden", None, None)


def test_the_history_names_causes(gates: httpx.Client) -> None:
    page = gates.get("/v1/gates/earning/versions").json()
    assert [one["cause"] for one in page["versions"]] == ["config"]
    assert page["versions"][0]["policy"]["written"]["panel"] == {"share": 0.05, "holds": False}
    wrong = gates.get("/v1/gates/earning/versions", params={"cursor": "x"})
    assert wrong.status_code == httpx.codes.UNPROCESSABLE_ENTITY
