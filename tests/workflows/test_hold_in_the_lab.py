"""content-review-hold: the gate's node itself waits for the reviewer."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def started(app):
    """Starts an app in the background: it answers when the run has ended."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda name, **inputs: pool.submit(app(name).start, **inputs)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_the_verdict_comes_back_while_the_node_waits(started, service, text, verdict):
    run = started("waits", text=text, ai_result="publish")
    task = service.review(text, verdict, comment="seen", edited_result="publish, but shorter")
    outputs = run.result()["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == (verdict, verdict)
    assert outputs["review_task_id"] == task["task_id"]
    assert outputs["comment"] == "seen"
    assert outputs.get("result") == {"approve": "publish, but shorter", "reject": None}[verdict]
    assert service.deliveries(task["decision_id"]) == []


def test_a_cancelled_task_ends_the_wait_and_approves_nothing(started, service, text):
    run = started("waits", text=text, ai_result="publish")
    task = service.task_about(text)
    service.http.post(f"/tasks/{task['task_id']}/cancel").raise_for_status()
    outputs = run.result()["data"]["outputs"]
    assert (outputs["verdict"], outputs["decision_id"]) == ("pending", task["decision_id"])


def test_when_the_time_is_up_the_task_stays_open_for_a_later_run(app, service, text):
    outputs = app("waits-shortly").start(text=text, ai_result="publish")["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == ("pending", "pending")
    record = service.decision(outputs["decision_id"])
    assert (record["state"], record["outcome"]) == ("pending", None)

    service.review(text, "approve", comment="late, but fine")
    later = app("second").start(decision_id=outputs["decision_id"])["data"]["outputs"]
    assert (later["verdict"], later["comment"]) == ("approve", "late, but fine")
    assert later["result"] == "publish"
