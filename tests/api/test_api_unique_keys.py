"""A body that names a key twice is refused, wherever in it and however the key is spelt."""

import json
from typing import Any

import httpx
import pytest

DECISIONS = "/v1/gates/answers/decisions"
AS_JSON = {"Content-Type": "application/json"}


def post(api: httpx.Client, path: str, body: str, **headers: str) -> httpx.Response:
    return api.post(path, content=body.encode(), headers=AS_JSON | headers)


def refused(answer: httpx.Response, key: str) -> None:
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:confidence-gate:problem:duplicate-key"
    assert f"names the key {key!r} twice" in problem["detail"]
    assert "Name every key once" in problem["detail"]


def order(inside: str) -> str:
    return f'{{"item": {{"text": "x"}}, "signals": {{"score": 0.99}}, {inside}}}'


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"item": {"text": "x"}, "signals": {"score": 0.01, "score": 0.99}}', "score"),
        ('{"item": {"text": "x"}, "signals": {"score": 0.99, "score": 0.99}}', "score"),
        (r'{"item": {"text": "x"}, "signals": {"sc\u006fre": 0.01, "score": 0.99}}', "score"),
        (r'{"item": {"text": "x"}, "signals": {"score": 0.01, "\u0073core": 0.99}}', "score"),
        ('{"item": {"text": "bad", "text": "x"}, "signals": {"score": 0.99}}', "text"),
        ('{"item": {"text": "bad"}, "item": {"text": "x"}, "signals": {"score": 0.9}}', "item"),
        (order('"signals": {"score": 0.01}'), "signals"),
        (order('"category": "health", "category": "toys"'), "category"),
        (order('"risk_level": "high", "risk_level": "low"'), "risk_level"),
        (order('"ai_result": {"act": "refuse", "act": "pay"}'), "act"),
        (order('"ai_result": [[{"deep": [{"a": 1, "a": 2}]}]]'), "a"),
        (order('"metadata": {"": 1, "": 2}'), ""),
        (order(r'"metadata": {"健": 1, "\u5065": 2}'), "健"),
        (order(r'"metadata": {"a\/b": 1, "a/b": 2}'), "a/b"),
        ('{"item": {"fields": {"age": 1, "age": 2}}, "signals": {"score": 0.9}}', "age"),
        (
            '{"item": {"text": "x"}, "signals": {"probabilities": {"good": 0.1, "good": 1}}}',
            "good",
        ),
        (order('"resume": {"mode": "none", "mode": "hold"}'), "mode"),
    ],
)
def test_a_decision_is_refused(api: httpx.Client, body: str, key: str) -> None:
    refused(post(api, DECISIONS, body), key)
    [problem] = post(api, f"{DECISIONS}:batch", f'{{"items": [{body}]}}').json()["results"]
    assert problem["status"] == httpx.codes.UNPROCESSABLE_ENTITY
    assert problem["type"] == "urn:confidence-gate:problem:duplicate-key"
    assert repr(key) in problem["detail"]


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/v1/tasks/t/decision", '{"verdict": "reject", "verdict": "approve"}', "verdict"),
        (
            "/v1/tasks/t/decision",
            '{"verdict": "approve", "edited_result": {"a": 1, "a": 2}}',
            "a",
        ),
        ("/v1/tasks/t/decision", r'{"verdict": "reject", "\u0076erdict": "approve"}', "verdict"),
        ("/v1/tasks/claim", '{"gate": "strict", "gate": "answers"}', "gate"),
        ("/v1/tasks/t/renew", '{"lease_token": "a", "lease_token": "b"}', "lease_token"),
        ("/v1/outcomes", '{"decision_id": "d", "truth": "reject", "truth": "approve"}', "truth"),
        ("/v1/decisions/d/take", '{"run_id": "a", "run_id": "b"}', "run_id"),
        ("/v1/gates/answers/replay", '{"policy": {"scorer": "a", "scorer": "b"}}', "scorer"),
        (f"{DECISIONS}:batch", '{"items": [], "items": [{"item": {"text": "x"}}]}', "items"),
    ],
)
def test_every_other_body_is_refused(api: httpx.Client, path: str, body: str, key: str) -> None:
    refused(post(api, path, body), key)


def test_a_policy_is_refused(api: httpx.Client) -> None:
    high = '{"policy": {"thresholds": {"low": 0.1, "high": 0.9, "high": 0.2}}}'
    told = api.put("/v1/gates/answers", content=high, headers=AS_JSON | {"If-Match": "*"})
    refused(told, "high")


def test_a_bad_item_of_a_batch_fails_alone(api: httpx.Client) -> None:
    good = '{"item": {"text": "x"}, "signals": {"score": 0.95}}'
    bad = '{"item": {"text": "x"}, "signals": {"score": 0.01, "score": 0.95}}'
    results = post(api, f"{DECISIONS}:batch", f'{{"items": [{good}, {bad}, {good}]}}').json()[
        "results"
    ]
    assert [one.get("decision") for one in results] == ["auto_approve", None, "auto_approve"]


def test_nothing_is_kept_of_a_refused_body(api: httpx.Client) -> None:
    twice = '{"item": {"text": "x"}, "signals": {"score": 0.01, "score": 0.99}}'
    refused(post(api, DECISIONS, twice, **{"Idempotency-Key": "twice"}), "score")
    once = '{"item": {"text": "x"}, "signals": {"score": 0.99}}'
    answer = post(api, DECISIONS, once, **{"Idempotency-Key": "twice"})
    assert answer.json()["decision"] == "auto_approve"


@pytest.mark.parametrize(
    "body",
    [
        {"item": {"text": '{"score": 1, "score": 2}'}, "signals": {"score": 0.95}},
        {"item": {"text": "x", "fields": {"text": 1, "item": {"text": 2}}}},
        {"item": {"text": "x"}, "ai_result": [{"a": 1}, {"a": 1}], "metadata": {"a": {"A": 1}}},
    ],
)
def test_the_same_key_of_two_objects_is_no_mistake(api: httpx.Client, body: Any) -> None:
    assert post(api, DECISIONS, json.dumps(body)).status_code == httpx.codes.OK


@pytest.mark.parametrize("body", ["{", "[1", '{"a": 1,}', "\x00", '"\\x"', "{'a': 1}", "1" * 5000])
def test_what_cannot_be_read_is_told_as_ever(api: httpx.Client, body: str) -> None:
    for path in (DECISIONS, "/v1/tasks/claim"):
        assert post(api, path, body).status_code == httpx.codes.BAD_REQUEST
