"""A candidate in shadow over HTTP: on a gate's own scores, and with a model of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import KEY, serving, settings_for
from tests.plain_http import PLAIN

GATES = """\
gates:
  said: {scorer: signals, labels: [acceptable, offensive], approve_labels: [acceptable],
         thresholds: {low: 0.10, high: 0.90}}
  words: {scorer: embedded, thresholds: {low: 0.10, high: 0.90}}
"""
SHADOW = "/v1/gates/said/shadow"
BOLD = {"thresholds": {"low": 0.4, "high": 0.6}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "gates.yaml").write_text(GATES)
    headers = {"Authorization": f"Bearer {KEY}"}
    with (
        serving(settings_for(tmp_path)) as url,
        httpx.Client(base_url=url, headers=headers, timeout=30, verify=PLAIN) as client,
    ):
        yield client


def ask(api: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/gates/said/decisions", json={"item": {"text": "a fine day"}} | more)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


def test_a_shadow_is_started_read_and_adopted(api: httpx.Client) -> None:
    missing = api.get(SHADOW)
    assert (missing.status_code, missing.json()["type"].rpartition(":")[2]) == (
        404,
        "unknown-shadow",
    )
    begun = api.put(SHADOW, json={"candidate": BOLD, "note": "bolder"})
    assert begun.status_code == httpx.codes.OK, begun.text
    assert (begun.json()["state"], begun.json()["scores"]) == ("running", "recorded")
    assert begun.json()["thresholds"] == BOLD["thresholds"]
    assert api.put(SHADOW, json={"candidate": BOLD}).status_code == httpx.codes.CONFLICT
    for score in (0.3, 0.5, 0.7):
        assert ask(api, signals={"score": score})["decision"] == "human_review"
    told = api.get(SHADOW).json()
    assert (told["live"]["reviews"], told["candidate"]["reviews"], told["unknown"]) == (3, 1, 0)
    assert told["moved"]["human_review"]["auto_approve"] == 1
    assert told["partings"] == []  # people have still to answer
    unnamed = api.post(f"{SHADOW}/adopt")
    assert unnamed.status_code == httpx.codes.PRECONDITION_REQUIRED
    version = api.get("/v1/gates/said").headers["etag"]
    made = api.post(f"{SHADOW}/adopt", headers={"If-Match": version})
    assert made.status_code == httpx.codes.OK, made.text
    assert made.json()["cause"] == "put"
    assert ask(api, signals={"score": 0.7})["decision"] == "auto_approve"
    ended = api.get(SHADOW).json()
    assert (ended["state"], ended["live"]["items"]) == ("adopted", 3)
    assert api.delete(SHADOW).status_code == httpx.codes.CONFLICT


def test_another_model_judges_what_comes_in(api: httpx.Client) -> None:
    begun = api.put(SHADOW, json={"candidate": {"scorer": "embedded"}})
    assert begun.status_code == httpx.codes.OK, begun.text
    assert begun.json()["scores"] == "own"
    told = api.get(SHADOW).json()
    while told["live"]["items"] < 2:  # noticed and judged within seconds
        assert ask(api)["reason"] == "no_signal"
        told = api.get(SHADOW).json()
    assert told["live"]["reviews"] == told["live"]["items"]
    assert told["candidate"]["items"] == told["live"]["items"]
    stopped = api.delete(SHADOW)
    assert (stopped.status_code, stopped.json()["state"]) == (httpx.codes.OK, "stopped")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "send either"),
        ({"candidate": BOLD, "put_back": 1}, "send either"),
        ({"candidate": {"thresholds": {"low": 0.9, "high": 0.1}}}, "Set low below high"),
        ({"candidate": {"scorer": "nobody"}}, "nobody"),
        ({"candidate": {"colour": "blue"}}, "is not a key"),
    ],
)
def test_what_is_no_candidate(api: httpx.Client, body: dict[str, Any], said: str) -> None:
    answer = api.put(SHADOW, json=body)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert said in answer.text
