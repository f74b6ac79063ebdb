"""PostgreSQL goes away for a while: errors are said, nothing is approved, nothing is lost."""

from contextlib import ExitStack

import pytest

from tests.faults.replicas.conftest import Replicas
from tests.installation import until

GATE = "content-moderation"
SURE = {"signals": {"score": 1.0}}


@pytest.fixture
def text(request: pytest.FixtureRequest) -> str:
    return f"The text of {request.node.name}"


def test_without_its_store_the_service_says_so_and_recovers(replicas: Replicas, text: str) -> None:
    asked = replicas.one.ask(GATE, text, key=f"{text}: before").raise_for_status().json()
    task = replicas.one.task_about(text)
    http = replicas.one.http
    with replicas.postgres.away(replicas.database):
        answers = [
            replicas.one.ask(GATE, text, key=f"{text}: meanwhile", **SURE),
            replicas.one.ask(GATE, text, key=f"{text}: before"),
            replicas.one.answer(task, "approve", key=f"{text}: verdict"),
            http.post("/tasks/claim", json={}),
            http.get(f"/decisions/{asked['decision_id']}"),
            http.get("/tasks"),
        ]
        for answer in answers:
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:confidence-gate:problem:store-unavailable"
            assert int(answer.headers["retry-after"]) > 0
        assert replicas.one.http.get(replicas.sites[0].url + "/readyz").status_code == 503
        assert replicas.one.http.get(replicas.sites[0].url + "/healthz").status_code == 200

    until(lambda: http.get("/tasks").status_code == 200, "the store to be back")
    again = replicas.one.ask(GATE, text, key=f"{text}: before")
    assert again.json() == asked
    replicas.one.answer(task, "approve", key=f"{text}: verdict").raise_for_status()
    meanwhile = replicas.one.ask(GATE, text, key=f"{text}: meanwhile", **SURE)
    assert meanwhile.status_code == 200
    delivery = replicas.other.until_delivery(asked["decision_id"], "delivered")
    assert replicas.receiver.ids_about(asked["decision_id"]) == [delivery["id"]]


def test_a_delivery_that_could_not_be_marked_is_made_again(replicas: Replicas, text: str) -> None:
    asked = replicas.one.ask(GATE, text).raise_for_status().json()
    task = replicas.one.task_about(text)
    with ExitStack() as outage:

        def cut(_: str) -> None:
            replicas.receiver.on_message = lambda _: None
            outage.enter_context(replicas.postgres.away(replicas.database))

        replicas.receiver.on_message = cut
        replicas.one.answer(task, "approve").raise_for_status()
        until(lambda: replicas.logged("delivery.not_marked"), "the marking to fail")
    until(lambda: replicas.one.http.get("/tasks").status_code == 200, "the store to be back")
    delivery = replicas.one.until_delivery(asked["decision_id"], "delivered")
    ids = replicas.receiver.ids_about(asked["decision_id"])
    assert len(ids) > 1
    assert set(ids) == {delivery["id"]}


def test_the_audit_chain_holds(replicas: Replicas) -> None:
    replicas.sites[0].verify_audit()
