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
