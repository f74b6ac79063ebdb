"""One key, one effect."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

ORDER = {"item": {"text": "once"}, "signals": {"score": 0.5}}
PATH = "/v1/gates/strict/decisions"


def post(api: httpx.Client, key: str, body: object = ORDER) -> httpx.Response:
    return api.post(PATH, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("second", ["same-key", '"same-key"'], ids=["bare", "quoted"])
def test_the_same_request_gets_the_stored_answer(api: httpx.Client, second: str) -> None:
    first = post(api, "same-key")
    again = post(api, second)
    assert again.status_code == httpx.codes.OK
    assert again.json() == first.json()


def test_another_request_with_the_same_key_is_refused(api: httpx.Client) -> None:
    post(api, "used")
    refused = post(api, "used", {**ORDER, "signals": {"score": 0.6}})
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["type"].endswith("idempotency-mismatch")


@pytest.mark.parametrize("key", ["", '""', "x" * 256])
def test_an_unusable_key_is_refused(api: httpx.Client, key: str) -> None:
    assert post(api, key).status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_fifty_at_once_make_one_decision(api: httpx.Client) -> None:
    before = len(api.get("/v1/tasks", params={"gate": "strict", "limit": 200}).json()["tasks"])
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda _: post(api, "crowd"), range(50)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    made = {a.json()["decision_id"] for a in answers if a.status_code == httpx.codes.OK}
    assert len(made) == 1
    after = len(api.get("/v1/tasks", params={"gate": "strict", "limit": 200}).json()["tasks"])
    assert after == before + 1
    assert post(api, "crowd").json()["decision_id"] in made


def test_a_refused_request_leaves_its_key_free(api: httpx.Client) -> None:
    assert post(api, "typo", {"item": {}}).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert post(api, "typo").status_code == httpx.codes.OK


def test_a_claim_repeated_gets_the_same_lease(api: httpx.Client) -> None:
    post(api, "for-the-claim")
    headers = {"Idempotency-Key": "claim-once"}
    first = api.post("/v1/tasks/claim", json={"gate": "strict"}, headers=headers).json()
    again = api.post("/v1/tasks/claim", json={"gate": "strict"}, headers=headers).json()
    assert first["tasks"]
    assert again == first


def test_a_stored_answer_says_that_it_is_one(api: httpx.Client) -> None:
    first, again = post(api, "twice-told"), post(api, "twice-told")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    refused = post(api, "twice-told", {**ORDER, "signals": {"score": 0.6}})
    assert "idempotency-replayed" not in refused.headers


def test_so_does_that_of_a_batch_and_of_a_claim(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "told-in-a-batch"}
    for path, body in {
        "/v1/gates/strict/decisions:batch": {"items": [ORDER]},
        "/v1/tasks/claim": {"gate": "strict"},
    }.items():
        answers = [api.post(path, json=body, headers=headers) for _ in range(2)]
        told = [answer.headers.get("idempotency-replayed") for answer in answers]
        assert told == [None, "true"]
        headers = {"Idempotency-Key": "told-in-a-claim"}


def decided(api: httpx.Client, task_id: str) -> None:
    claim = {"gate": "strict", "limit": 50}
    tasks = api.post("/v1/tasks/claim", json=claim).json()["tasks"]
    [lease] = [task["lease_token"] for task in tasks if task["task_id"] == task_id]
    verdict = {"verdict": "approve", "lease_token": lease}
    api.post(f"/v1/tasks/{task_id}/decision", json=verdict).raise_for_status()


def test_a_resume_is_proven_once_a_run_was_handed_the_verdict(api: httpx.Client) -> None:
    first = post(api, "reviewed").json()
    assert first["resume_proven"] is None
    take = f"/v1/decisions/{first['decision_id']}/take"
    api.post(take, json={"run_id": "run-1"}).raise_for_status()  # too early: nothing is handed out
    assert post(api, "reviewed").json() == first

    decided(api, first["review_task_id"])
    assert post(api, "reviewed").json() == first
    api.post(take, json={"run_id": "run-1"}).raise_for_status()
    again = post(api, "reviewed")
    assert again.json() == {**first, "resume_proven": True}
    assert again.headers["idempotency-replayed"] == "true"


def test_of_an_automatic_decision_nothing_is_proven(api: httpx.Client) -> None:
    sure = {**ORDER, "signals": {"score": 1.0}}
    first = post(api, "sure", sure).json()
    assert first["decision"] == "auto_approve"
    take = f"/v1/decisions/{first['decision_id']}/take"
    api.post(take, json={"run_id": "run-1"}).raise_for_status()
    assert post(api, "sure", sure).json() == first
