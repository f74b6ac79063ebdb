"""content-review-hold: the gate's node itself waits for the reviewer."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import pytest

from tests.installation import ServiceCaller
from tests.lab_answers import RunAnswer
from tests.workflows.conftest import CallerOf


class Start(Protocol):
    """Starts an app in the background: it answers when the run has ended."""

    def __call__(self, name: str, **inputs: str) -> Future[RunAnswer]: ...


@pytest.fixture
def started(app: CallerOf) -> Iterator[Start]:
    with ThreadPoolExecutor(1) as pool:
        yield lambda name, **inputs: pool.submit(app(name).start, **inputs)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_the_verdict_comes_back_while_the_node_waits(
    started: Start, service: ServiceCaller, text: str, verdict: str
) -> None:
    run = started("waits", text=text, ai_result="publish")
    task = service.review(text, verdict, comment="seen", edited_result="publish, but shorter")
    outputs = run.result()["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == (verdict, verdict)
    assert outputs["review_task_id"] == task["task_id"]
    assert outputs["comment"] == "seen"
    assert outputs.get("result") == {"approve": "publish, but shorter", "reject": None}[verdict]
    assert service.deliveries(task["decision_id"]) == []


def test_a_cancelled_task_ends_the_wait_and_approves_nothing(
    started: Start, service: ServiceCaller, text: str
) -> None:
    run = started("waits", text=text, ai_result="publish")
    task = service.task_about(text)
    service.http.post(f"/tasks/{task['task_id']}/cancel").raise_for_status()
    outputs = run.result()["data"]["outputs"]
    assert (outputs["verdict"], outputs["decision_id"]) == ("pending", task["decision_id"])


def test_when_the_time_is_up_the_task_stays_open_for_a_later_run(
    app: CallerOf, service: ServiceCaller, text: str
) -> None:
    outputs = app("waits-shortly").start(text=text, ai_result="publish")["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == ("pending", "pending")
    record = service.decision(outputs["decision_id"])
    assert (record["state"], record["outcome"]) == ("pending", None)

    service.review(text, "approve", comment="late, but fine")
    later = app("second").start(decision_id=outputs["decision_id"])["data"]["outputs"]
    assert (later["verdict"], later["comment"]) == ("approve", "late, but fine")
    assert later["result"] == "publish"
