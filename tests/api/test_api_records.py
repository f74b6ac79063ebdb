"""A record of fields at the same gate: scored by its model, judged by a person, told to callers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.api.conftest import KEY, serving, settings_for

GATES = """\
gates:
  credit:
    scorer: german-credit
    thresholds: {low: 0.30, high: 0.90}
"""

MIDDLING = {
    "checking_account": "0 to 200 DM",
    "duration_months": 24,
    "credit_history": "paid back duly so far",
    "purpose": "furniture",
    "amount": 3000,
    "savings": "below 100 DM",
    "employed_for": "1 to 4 years",
    "instalment_share_of_income": 3,
    "personal_status_and_sex": "male, single",
    "other_debtors": "none",
    "residence_since": 2,
    "property": "car or other",
    "age": 33,
    "other_instalments": "none",
    "housing": "owned",
    "credits_at_this_bank": 1,
    "job": "skilled",
    "dependants": 1,
    "telephone": "none",
    "foreign_worker": "yes",
}
SAFE = MIDDLING | {
    "checking_account": "none",
    "credit_history": "critical, or credits elsewhere",
    "savings": "1,000 DM or more",
    "purpose": "used car",
    "duration_months": 9,
    "employed_for": "4 to 7 years",
    "instalment_share_of_income": 1,
}
RISKY = MIDDLING | {
    "checking_account": "below 0 DM",
    "credit_history": "no credits, or all paid back",
    "purpose": "education",
    "duration_months": 60,
    "amount": 14000,
    "instalment_share_of_income": 4,
    "housing": "rented",
}


@pytest.fixture(scope="module")
def credit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("records")
    (folder / "gates.yaml").write_text(GATES)
    with (
        serving(settings_for(folder)) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as api,
    ):
        yield api


def decide(api: httpx.Client, fields: dict[str, Any]) -> dict[str, Any]:
    body = {"item": {"fields": fields}, "ai_result": {"grant": True}, "risk_level": "high"}
    answer = api.post("/v1/gates/credit/decisions", json=body)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


def test_a_record_goes_from_the_gate_to_a_person_and_back(credit: httpx.Client) -> None:
    asked = decide(credit, MIDDLING)
    assert (asked["decision"], asked["reason"]) == ("human_review", "between")
    assert asked["model_version"].startswith("german-credit@")
    claimed = credit.post("/v1/tasks/claim", json={"gate": "credit", "limit": 50}).json()["tasks"]
    [task] = [one for one in claimed if one["decision_id"] == asked["decision_id"]]
    shown = credit.get(f"/v1/tasks/{task['task_id']}").json()
    assert shown["item"]["fields"] == MIDDLING
    said = {"verdict": "reject", "lease_token": task["lease_token"], "comment": "too long"}
    answer = credit.post(f"/v1/tasks/{task['task_id']}/decision", json=said)
    assert answer.status_code == httpx.codes.OK, answer.text
    outcome = credit.get(f"/v1/decisions/{asked['decision_id']}").json()["outcome"]
    assert (outcome["verdict"], outcome["by"], outcome["comment"]) == (
        "reject",
        "human",
        "too long",
    )


def test_sure_records_go_on_by_themselves(credit: httpx.Client) -> None:
    assert decide(credit, SAFE)["decision"] == "auto_approve"
    assert decide(credit, RISKY)["decision"] == "auto_reject"


def test_who_somebody_is_changes_nothing(credit: httpx.Client) -> None:
    other = MIDDLING | {
        "age": 21,
        "personal_status_and_sex": "female, divorced, separated or married",
        "foreign_worker": "no",
    }
    without = {name: value for name, value in MIDDLING.items() if name != "age"}
    confidence = decide(credit, MIDDLING)["confidence"]
    assert (
        decide(credit, other)["confidence"] == decide(credit, without)["confidence"] == confidence
    )


@pytest.mark.parametrize(
    "change",
    [{"amount": None}, {"amount": "a lot"}, {"purpose": "a yacht"}, {"savings": ["none"]}],
    ids=["missing", "no number", "unknown", "a list"],
)
def test_what_the_model_cannot_read_is_for_people(
    credit: httpx.Client, change: dict[str, Any]
) -> None:
    asked = decide(credit, SAFE | change)
    assert (asked["decision"], asked["reason"]) == ("human_review", "scorer_failed")


def test_a_text_has_no_fields_to_score(credit: httpx.Client) -> None:
    body = {"item": {"text": "a loan, please"}}
    asked = credit.post("/v1/gates/credit/decisions", json=body).json()
    assert (asked["decision"], asked["reason"]) == ("human_review", "no_signal")


def test_the_card_names_the_fields_left_out_and_no_column_reads_them() -> None:
    folder = Settings(_env_file=None).models_dir / "german-credit"
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    columns = json.loads((folder / "fields.json").read_text(encoding="utf-8"))["columns"]
    read = {column["name"] for column in columns}
    assert {"age", "personal_status_and_sex", "foreign_worker"} == set(card["left_out"]["fields"])
    assert not read & set(card["left_out"]["fields"])
    assert read < set(MIDDLING)
