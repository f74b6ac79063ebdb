"""content-review-continuation and its second halves: of all runs, exactly one gets the verdict."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from lab.process import LabProcess
from tests.installation import ServiceCaller, until
from tests.lab_answers import LabRun
from tests.workflows.conftest import ENDPOINT_SECRET, HOOK, CallerOf

type Outputs = dict[str, Any]
type SecondHalves = Callable[[str, int], list[LabRun]]
"""The finished runs of the second half for a decision, once there are so many."""

WAYS = {"by-api": "second", "by-endpoint": "second", "by-trigger": "second-by-trigger"}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How the second half is started."""
    return str(request.param)


@pytest.fixture
def begun(app: CallerOf, way: str, text: str) -> Outputs:
    """What the first half gave back: it has ended, and nothing waits inside Dify."""
    answer = app(way).start(text=text, ai_result="publish")
    assert answer["data"]["status"] == "succeeded"
    outputs = answer["data"]["outputs"]
    assert (outputs["verdict"], outputs["gate_action"]) == ("pending", "pending")
    assert outputs["review_url"].endswith(outputs["review_task_id"])
    return outputs


@pytest.fixture
def second_halves(lab: LabProcess, way: str) -> SecondHalves:
    def runs(decision_id: str) -> list[LabRun]:
        every: list[LabRun] = lab.control("GET", "/lab/runs")
        own = [r for r in every if r["app"] == WAYS[way] and decision_id in str(r["inputs"])]
        return [run for run in own if run["status"] not in ("running", "paused")]

    def finished(decision_id: str, count: int) -> list[LabRun]:
        until(lambda: len(runs(decision_id)) >= count, f"{count} runs of the second half")
        return runs(decision_id)

    return finished


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_one_run_gets_the_verdict(
    service: ServiceCaller, begun: Outputs, second_halves: SecondHalves, text: str, verdict: str
) -> None:
    service.review(text, verdict, comment="seen", edited_result="publish, but shorter")
    service.until_delivery(begun["decision_id"], "delivered")
    [run] = second_halves(begun["decision_id"], 1)
    assert run["status"] == "succeeded"
    expected = {
        "verdict": verdict,
        "gate_action": verdict,
        "review_task_id": begun["review_task_id"],
        "reviewer": "key:bootstrap",
        "comment": "seen",
    }
    if verdict == "approve":
        expected["result"] = "publish, but shorter"
    assert run["outputs"] == expected


def test_a_forged_and_a_repeated_start_get_nothing(
    app: CallerOf,
    service: ServiceCaller,
    lab: LabProcess,
    trigger: str,
    begun: Outputs,
    second_halves: SecondHalves,
    text: str,
) -> None:
    decision_id = begun["decision_id"]
    forged = {"decision_id": decision_id, "verdict": "approve", "comment": "forged"}
    httpx.post(f"{lab.url}{trigger}", json=forged).raise_for_status()
    early = app("second").start(decision_id=decision_id)["data"]["outputs"]
    assert (early["verdict"], early["state"]) == ("pending", "pending")

    service.review(text, "approve")
    service.until_delivery(decision_id, "delivered")
    httpx.post(f"{lab.url}{trigger}", json=forged).raise_for_status()
    late = app("second").start(decision_id=decision_id)["data"]["outputs"]
    assert (late["verdict"], late["state"]) == ("duplicate", "resolved")
    assert "comment" not in late

    until(
        lambda: (
            sorted(verdicts_told(lab, decision_id))
            == ["approve", "duplicate", "duplicate", "pending", "pending"]
        ),
        "every run to be told its own",
    )


def test_a_message_that_comes_twice_starts_one_run(
    service: ServiceCaller, lab: LabProcess, app: CallerOf, text: str
) -> None:
    begun = app("by-endpoint").start(text=text)["data"]["outputs"]
    task = service.review(text, "approve")
    delivery = service.until_delivery(begun["decision_id"], "delivered")

    again = resume(lab, delivery["id"], task, ENDPOINT_SECRET)
    assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
    assert verdicts_told(lab, begun["decision_id"]) == ["approve"]


def test_an_unsigned_message_starts_nothing(
    service: ServiceCaller, lab: LabProcess, app: CallerOf, text: str
) -> None:
    begun = app("by-endpoint").start(text=text)["data"]["outputs"]
    task = service.task_about(text)
    other = "whsec_" + "c29tZSBvdGhlciBzZWNyZXQgdGhhdCBpcyBub3Qgb3Vycw=="
    assert resume(lab, "dlv_forged", task, other).status_code == 401
    assert verdicts_told(lab, begun["decision_id"]) == []


def test_a_first_half_alone_leaves_its_task_open(service: ServiceCaller, begun: Outputs) -> None:
    record = service.decision(begun["decision_id"])
    assert (record["state"], record["outcome"]) == ("pending", None)
    assert service.deliveries(begun["decision_id"]) == []


def verdicts_told(lab: LabProcess, decision_id: str) -> list[str]:
    """What the runs of the second halves were told about a decision, in the lab's own records."""
    runs: list[LabRun] = lab.control("GET", "/lab/runs")
    seconds = [run for run in runs if run["app"] in WAYS.values()]
    own = [run for run in seconds if decision_id in str(run["inputs"])]
    return [run["outputs"]["verdict"] for run in own if run["outputs"]]


def resume(
    lab: LabProcess, message_id: str, task: Mapping[str, str], secret: str
) -> httpx.Response:
    """A resume message to the plugin's endpoint, signed with this secret."""
    now = datetime.now(UTC)
    message = {
        "type": "review.decided",
        "timestamp": now.isoformat(),
        "decision_id": task["decision_id"],
        "review_task_id": task["task_id"],
        "verdict": "approve",
        "gate_action": "approve",
        "metadata": {},
    }
    body = httpx.Request("POST", "http://localhost", json=message).content.decode()
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
        "content-type": "application/json",
    }
    address = f"{lab.url}/e/{HOOK}/resume"
    return httpx.post(address, content=body, headers=headers, timeout=60)
