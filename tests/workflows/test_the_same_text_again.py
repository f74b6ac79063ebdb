"""A run that asks about the same text more than once: each time is a question of its own, with an
occurrence or without. A retry is none."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.installation import ServiceCaller
from tests.workflows.conftest import CallerOf

WITH_AND_WITHOUT = ["", "-apart"]


@pytest.mark.parametrize("variant", WITH_AND_WITHOUT)
def test_a_loop_regenerates_until_it_is_approved(
    app: CallerOf, service: ServiceCaller, text: str, variant: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(app(f"regenerate{variant}").start, text=text)
        asked = [service.review_next(text, verdict) for verdict in ("reject", "reject", "approve")]
        outputs = run.result()["data"]["outputs"]
    tasks = [task["task_id"] for task in asked]
    assert len(set(tasks)) == 3
    assert outputs == {"verdict": "approve", "task": tasks[-1], "turns": 3}


@pytest.mark.parametrize("variant", WITH_AND_WITHOUT)
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_what_one_has_approved_a_second_one_is_asked(
    app: CallerOf, service: ServiceCaller, text: str, variant: str, verdict: str
) -> None:
    paused = app(f"four-eyes{variant}").start_paused(text=text)
    first = service.review_next(text, "approve")
    second = service.review_next(text, verdict)
    outputs = paused.end()["outputs"]
    assert (outputs["first"], outputs["second"]) == (first["task_id"], second["task_id"])
    assert first["task_id"] != second["task_id"]
    assert outputs["verdict"] == verdict
    for task in (first, second):
        service.until_delivery(task["decision_id"], "delivered")


@pytest.mark.parametrize("variant", WITH_AND_WITHOUT)
def test_what_the_first_has_rejected_nobody_else_is_asked(
    app: CallerOf, service: ServiceCaller, text: str, variant: str
) -> None:
    paused = app(f"four-eyes{variant}").start_paused(text=text)
    service.review_next(text, "reject")
    assert paused.end()["outputs"] == {"verdict": "reject"}


def test_side_by_side_each_turn_asks_apart_by_its_index(
    app: CallerOf, service: ServiceCaller, text: str
) -> None:
    outputs = app("each-apart").start(text=text)["data"]["outputs"]
    assert len(set(outputs["tasks"])) == 3
    for task_id in outputs["tasks"]:
        service.http.post(f"/tasks/{task_id}/cancel").raise_for_status()


def test_side_by_side_without_an_index_they_ask_once(
    app: CallerOf, service: ServiceCaller, text: str
) -> None:
    outputs = app("each").start(text=text)["data"]["outputs"]
    assert len(outputs["tasks"]) == 3
    assert set(outputs["tasks"]) == {service.review_next(text, "reject")["task_id"]}
