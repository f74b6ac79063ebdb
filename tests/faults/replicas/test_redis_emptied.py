"""Redis carries news between replicas and keeps nothing that matters."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import redis

from tests.faults.replicas.conftest import Replicas
from tests.installation import ServiceCaller, until
from tests.store.crowd import at_once

GATE = "content-moderation"


@pytest.fixture
def text(request: pytest.FixtureRequest) -> str:
    return f"The text of {request.node.name}"


def test_one_task_is_claimed_through_one_replica_alone(replicas: Replicas, text: str) -> None:
    asked = replicas.one.ask(GATE, text).raise_for_status().json()

    def claim(number: int) -> list[dict[str, Any]]:
        caller = (replicas.one, replicas.other)[number % 2]
        return list(caller.http.post("/tasks/claim", json={"limit": 50}).json()["tasks"])

    claimed = [task for tasks in at_once(8, claim) for task in tasks]
    assert [task["task_id"] for task in claimed].count(asked["review_task_id"]) == 1


def test_who_waits_at_one_replica_hears_the_verdict_given_at_the_other(
    replicas: Replicas, text: str
) -> None:
    asked = replicas.one.ask(GATE, text).raise_for_status().json()
    with ThreadPoolExecutor(1) as pool:
        waiting = wait_at(replicas.other, asked["decision_id"], pool)
        replicas.one.review(text, "reject", comment="no")
        outcome = waiting.result()["outcome"]
    assert (outcome["verdict"], outcome["comment"]) == ("reject", "no")


def test_an_emptied_redis_loses_nothing(replicas: Replicas, text: str) -> None:
    asked = replicas.one.ask(GATE, text).raise_for_status().json()
    task = replicas.one.task_about(text)
    with redis.Redis.from_url(replicas.redis.url) as client:
        client.flushall()
    replicas.other.answer(task, "approve").raise_for_status()
    with redis.Redis.from_url(replicas.redis.url) as client:
        client.flushall()
    delivery = replicas.one.until_delivery(asked["decision_id"], "delivered")
    assert replicas.receiver.ids_about(asked["decision_id"]) == [delivery["id"]]


def test_without_redis_the_work_goes_on_and_with_it_the_news(replicas: Replicas, text: str) -> None:
    replicas.redis.stop()
    asked = replicas.one.ask(GATE, text).raise_for_status().json()
    with ThreadPoolExecutor(1) as pool:
        waiting = wait_at(replicas.other, asked["decision_id"], pool)
        replicas.one.review(text, "approve")
        assert waiting.result()["outcome"]["verdict"] == "approve"
    delivery = replicas.other.until_delivery(asked["decision_id"], "delivered")
    assert replicas.receiver.ids_about(asked["decision_id"]) == [delivery["id"]]

    replicas.redis.start()
    with redis.Redis.from_url(replicas.redis.url) as client:

        def news_flow() -> bool:
            replicas.other.ask(GATE, f"{text}: any news").raise_for_status()
            return bool(client.xlen("gate:events"))

        until(news_flow, "the news to flow again")


def wait_at(
    caller: ServiceCaller, decision_id: str, pool: ThreadPoolExecutor
) -> Future[dict[str, Any]]:
    """A long poll under way."""
    return pool.submit(caller.decision, decision_id, 25)
