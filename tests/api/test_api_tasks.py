"""The life of a review task, over HTTP."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def claimed(api: httpx.Client, ask: Ask) -> dict[str, Any]:
    """A task of this test's own, claimed (and every other one out of the way)."""
    while waiting := api.post("/v1/tasks/claim", json={"limit": 50}).json()["tasks"]:
        for task in waiting:
            api.post(f"/v1/tasks/{task['task_id']}/cancel")
    asked = ask(0.5, ai_result={"reply": "Yes."}, metadata={"order": 7})
    [task] = api.post("/v1/tasks/claim", json={}).json()["tasks"]
    assert task["task_id"] == asked["review_task_id"]
    return dict(task)


def decide(api: httpx.Client, task: dict[str, Any], **said: Any) -> httpx.Response:
    body = {"lease_token": task["lease_token"], **said}
    return api.post(f"/v1/tasks/{task['task_id']}/decision", json=body)


def test_a_claimed_task_says_all_a_reviewer_needs(claimed: dict[str, Any]) -> None:
    assert claimed["item"]["text"] == "Is this fine?"
    assert claimed["ai_result"] == {"reply": "Yes."}
    assert claimed["suggestion"] == "approve"
    assert claimed["confidence"] == 0.5
    assert claimed["metadata"] == {"order": 7}
    assert claimed["state"] == "claimed"
    assert claimed["claimed_by"] == "key:bootstrap"


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_verdict_is_the_outcome(api: httpx.Client, claimed: dict[str, Any], verdict: str) -> None:
    answered = decide(api, claimed, verdict=verdict, comment="seen").json()
    assert answered["state"] == "resolved"
    outcome = api.get(f"/v1/decisions/{claimed['decision_id']}").json()["outcome"]
    assert outcome["verdict"] == verdict
    assert outcome["by"] == "human"
    assert outcome["reviewer"] == "key:bootstrap"
    assert outcome["comment"] == "seen"


def test_a_waiting_reader_hears_of_the_verdict(api: httpx.Client, claimed: dict[str, Any]) -> None:
    heard: list[dict[str, Any]] = []

    def wait() -> None:
        url = f"/v1/decisions/{claimed['decision_id']}"
        heard.append(api.get(url, params={"wait": 25}).json())

    reader = threading.Thread(target=wait)
    reader.start()
    decide(api, claimed, verdict="approve")
    reader.join(timeout=20)
    assert heard[0]["outcome"]["verdict"] == "approve"


def test_no_wait_no_outcome(api: httpx.Client, claimed: dict[str, Any]) -> None:
    record = api.get(f"/v1/decisions/{claimed['decision_id']}").json()
    assert record["outcome"] is None
    assert record["state"] == "claimed"


def test_a_foreign_lease_decides_nothing(api: httpx.Client, claimed: dict[str, Any]) -> None:
    foreign = {**claimed, "lease_token": "lse_foreign"}
    refused = decide(api, foreign, verdict="approve")
    assert refused.status_code == httpx.codes.CONFLICT
    assert refused.json()["type"].endswith("stale-lease")
    assert api.get(f"/v1/tasks/{claimed['task_id']}").json()["state"] == "claimed"


@pytest.mark.parametrize("verdict", ["yes", "", "false", None, True, "APPROVE"])
def test_only_the_three_words_are_verdicts(
    api: httpx.Client, claimed: dict[str, Any], verdict: Any
) -> None:
    assert decide(api, claimed, verdict=verdict).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert api.get(f"/v1/tasks/{claimed['task_id']}").json()["state"] == "claimed"


def test_a_task_is_decided_once(api: httpx.Client, claimed: dict[str, Any]) -> None:
    assert decide(api, claimed, verdict="approve").status_code == httpx.codes.OK
    assert decide(api, claimed, verdict="reject").status_code == httpx.codes.CONFLICT
    record = api.get(f"/v1/decisions/{claimed['decision_id']}").json()
    assert record["outcome"]["verdict"] == "approve"


def test_released_goes_back_to_the_queue(api: httpx.Client, claimed: dict[str, Any]) -> None:
    body = {"lease_token": claimed["lease_token"]}
    released = api.post(f"/v1/tasks/{claimed['task_id']}/release", json=body)
    assert released.json()["state"] == "pending"
    assert decide(api, claimed, verdict="approve").status_code == httpx.codes.CONFLICT
    [again] = api.post("/v1/tasks/claim", json={}).json()["tasks"]
    assert again["task_id"] == claimed["task_id"]
    assert again["lease_token"] != claimed["lease_token"]


def test_a_renewed_lease_is_the_same_lease(api: httpx.Client, claimed: dict[str, Any]) -> None:
    body = {"lease_token": claimed["lease_token"]}
    renewed = api.post(f"/v1/tasks/{claimed['task_id']}/renew", json=body).json()
    assert renewed["lease_token"] == claimed["lease_token"]
    assert renewed["lease_expires_at"] > claimed["lease_expires_at"]


def test_unsure_escalates(api: httpx.Client, claimed: dict[str, Any]) -> None:
    assert decide(api, claimed, verdict="unsure").json()["state"] == "escalated"
    # The same person never answers twice, not even with an expert's rights.
    assert api.post("/v1/tasks/claim", json={}).json()["tasks"] == []


def test_by_api_a_verdict_is_final_at_once(api: httpx.Client, claimed: dict[str, Any]) -> None:
    decide(api, claimed, verdict="approve")
    undone = api.post(f"/v1/tasks/{claimed['task_id']}/undo")
    assert undone.status_code == httpx.codes.CONFLICT
    assert undone.json()["type"].endswith("undo-window-closed")


def test_a_cancelled_task_is_gone(api: httpx.Client, claimed: dict[str, Any]) -> None:
    assert api.post(f"/v1/tasks/{claimed['task_id']}/cancel").json()["state"] == "cancelled"
    assert decide(api, claimed, verdict="approve").status_code == httpx.codes.CONFLICT
    record = api.get(f"/v1/decisions/{claimed['decision_id']}").json()
    assert (record["state"], record["outcome"]) == ("cancelled", None)


def test_the_verdict_is_taken_by_one_run(api: httpx.Client, claimed: dict[str, Any]) -> None:
    url = f"/v1/decisions/{claimed['decision_id']}/take"
    assert api.post(url, json={"run_id": "run-1"}).json()["verdict"] == "pending"
    decide(api, claimed, verdict="approve")
    first = api.post(url, json={"run_id": "run-1"}).json()
    assert first["verdict"] == "approve"
    assert first["edited_result"] == {"reply": "Yes."}
    assert api.post(url, json={"run_id": "run-1"}).json() == first
    by_task = f"/v1/tasks/{claimed['task_id']}/take"
    second = api.post(by_task, json={"run_id": "run-2"}).json()
    assert second["verdict"] == "duplicate"
    assert second["edited_result"] is None


def test_more_urgent_tasks_come_first(api: httpx.Client, claimed: dict[str, Any], ask: Ask) -> None:
    ask(0.80, risk_level="low")
    urgent = ask(0.55, risk_level="high")
    [first] = api.post("/v1/tasks/claim", json={}).json()["tasks"]
    assert first["task_id"] == urgent["review_task_id"]


def test_pages_of_tasks_do_not_overlap(api: httpx.Client, ask: Ask) -> None:
    made = {ask(0.5)["review_task_id"] for _ in range(5)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/tasks", params={"limit": 2, "gate": "answers", **cursor}).json()
        seen += [task["task_id"] for task in page["tasks"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


def test_the_truth_is_recorded_and_changes_no_verdict(api: httpx.Client, ask: Ask) -> None:
    decision = ask(0.95)["decision_id"]
    body = {"decision_id": decision, "truth": "reject", "note": "a chargeback"}
    assert api.post("/v1/outcomes", json=body).json() == {"recorded": True}
    assert api.get(f"/v1/decisions/{decision}").json()["outcome"]["verdict"] == "approve"
    unknown = api.post("/v1/outcomes", json={**body, "decision_id": "dec_nobody"})
    assert unknown.status_code == httpx.codes.NOT_FOUND


def test_the_audit_trail_tells_the_story(api: httpx.Client, claimed: dict[str, Any]) -> None:
    decide(api, claimed, verdict="reject", comment="no")
    lines = api.get("/v1/audit", params={"limit": 10_000}).text.splitlines()
    assert len(lines) > 4
    about = [line for line in lines if claimed["task_id"] in line or claimed["decision_id"] in line]
    kinds = [line.split('"kind": "')[1].split('"')[0] for line in about]
    assert kinds == ["decision.made", "task.claimed", "task.answered", "decision.concluded"]
