"""Many items in one request: one bad item fails alone, the rest is decided and durable."""

from typing import Any

import httpx
import pytest

from plugin.contract.decisions import MAX_BATCH_ITEMS

PATH = "/v1/gates/answers/decisions:batch"


def item(score: float, **more: Any) -> dict[str, Any]:
    return {"item": {"text": f"a text scored {score}"}, "signals": {"score": score}, **more}


def post(api: httpx.Client, *items: Any, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(PATH, json={"items": list(items)}, headers=headers)


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["results"])


def tasks_of(api: httpx.Client) -> int:
    return int(api.get("/v1/stats").json().get("answers", {}).get("pending", 0))


def test_results_stand_in_the_order_of_the_items(api: httpx.Client) -> None:
    scores = [0.95, 0.05, 0.5, 0.99, 0.2]
    answers = results(post(api, *map(item, scores)))
    assert [answer["confidence"] for answer in answers] == scores
    zones = ["auto_approve", "auto_reject", "human_review", "auto_approve", "human_review"]
    assert [answer["decision"] for answer in answers] == zones
    assert len({answer["decision_id"] for answer in answers}) == 5


def test_each_decision_is_there_to_be_read_with_its_task(api: httpx.Client) -> None:
    [sure, unsure] = results(post(api, item(0.95), item(0.5)))
    assert api.get(f"/v1/decisions/{sure['decision_id']}").json()["state"] == "automatic"
    task = api.get(f"/v1/tasks/{unsure['review_task_id']}").json()
    assert task["item"]["text"] == "a text scored 0.5"


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        ({"item": {}}, "invalid-request", "item"),
        ({"item": {"text": "x"}, "surprise": 1}, "invalid-request", "surprise"),
        ("not an object", "invalid-request", "valid"),
        (None, "invalid-request", "valid"),
        ({"item": {"text": "x"}, "signals": {"logits": [1, 2, 3]}}, "bad-signal", "good, bad"),
        (
            {"item": {"text": "x"}, "resume": {"mode": "webhook", "app": "elsewhere"}},
            "unknown-app",
            "apps",
        ),
    ],
)
def test_one_bad_item_fails_alone(api: httpx.Client, bad: Any, kind: str, says: str) -> None:
    first, problem, last = results(post(api, item(0.95), bad, item(0.05)))
    assert (first["decision"], last["decision"]) == ("auto_approve", "auto_reject")
    assert problem["status"] == httpx.codes.UNPROCESSABLE_ENTITY
    assert problem["type"] == f"urn:confidence-gate:problem:{kind}"
    assert says in problem["detail"]
    assert "decision" not in problem


@pytest.mark.parametrize(
    "body",
    [{"items": []}, {"items": [item(0.5)] * (MAX_BATCH_ITEMS + 1)}, {}, [], {"items": "x"}],
    ids=["none", "too many", "no items", "a list", "a text"],
)
def test_what_is_no_batch_is_refused_whole(api: httpx.Client, body: Any) -> None:
    waiting = tasks_of(api)
    answer = api.post(PATH, json=body)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert answer.headers["content-type"] == "application/problem+json"
    assert tasks_of(api) == waiting


def test_too_many_are_told_how_many_may_be_sent(api: httpx.Client) -> None:
    answer = post(api, *[item(0.5)] * (MAX_BATCH_ITEMS + 1))
    assert f"send 1 to {MAX_BATCH_ITEMS} in one request" in answer.json()["detail"]


def test_the_largest_batch_is_taken(api: httpx.Client) -> None:
    assert len(results(post(api, *[item(0.95)] * MAX_BATCH_ITEMS))) == MAX_BATCH_ITEMS


def test_too_large_a_body_is_told_what_to_do(api: httpx.Client) -> None:
    large = {"item": {"text": "x" * 10_000}}
    answer = post(api, *[large] * 120)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert "fewer items" in answer.json()["detail"]


def test_a_gate_that_is_not_there_refuses_the_whole(api: httpx.Client) -> None:
    answer = api.post("/v1/gates/nobody/decisions:batch", json={"items": [item(0.5)]})
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_a_batch_repeated_with_its_key_is_decided_once(api: httpx.Client) -> None:
    waiting = tasks_of(api)
    batch = [item(0.5), {"item": {}}, item(0.5)]
    first = results(post(api, *batch, key="batch-once"))
    again = results(post(api, *batch, key="batch-once"))
    assert again == first
    assert tasks_of(api) == waiting + 2


def test_the_key_of_a_batch_is_not_for_another_one(api: httpx.Client) -> None:
    waiting = tasks_of(api)
    results(post(api, item(0.95), key="batch-used"))
    refused = post(api, item(0.5), key="batch-used")
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["type"].endswith("idempotency-mismatch")
    single = api.post(
        "/v1/gates/answers/decisions", json=item(0.5), headers={"Idempotency-Key": "batch-used"}
    )
    assert single.json()["type"].endswith("idempotency-mismatch")
    assert tasks_of(api) == waiting


def test_what_is_wrong_with_every_item_is_still_told_one_by_one(api: httpx.Client) -> None:
    problems = results(post(api, {"item": {}}, 5))
    assert [problem["status"] for problem in problems] == [422, 422]
