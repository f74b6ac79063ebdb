"""One API key asks too much: 429 with the time to come back, and nobody else is the poorer."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.domain.access import Scope
from service.limits.buckets import BURST_SECONDS
from service.ports.clock import SystemClock
from service.store.sql_store import SqlStore
from service.usecases.access.authentication import Doorkeeper
from tests.api.conftest import KEY, serving, settings_for

RATE = 2
BURST = int(RATE * BURST_SECONDS)
ORDER = {"item": {"text": "x"}, "signals": {"score": 0.95}}
PATH = "/v1/gates/answers/decisions"


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[tuple[httpx.Client, str]]:
    """A service with a low limit, and a second key of it."""
    with serving(settings_for(tmp_path, rate_limit=RATE)) as url:
        store = SqlStore(f"sqlite:///{tmp_path}/gate.db")
        doorkeeper = Doorkeeper(store=store, clock=SystemClock())
        other = doorkeeper.create_key("other", frozenset({Scope.DECIDE}), None, actor="test")
        store.close()
        with httpx.Client(base_url=url, timeout=30) as client:
            yield client, other


def ask(client: httpx.Client, key: str, path: str = PATH, body: object = ORDER) -> httpx.Response:
    return client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})


def test_a_key_that_asks_too_much_is_told_when_to_come_back(
    limited: tuple[httpx.Client, str],
) -> None:
    client, other = limited
    answers = [ask(client, KEY) for _ in range(BURST * 3)]
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"].endswith("overloaded")
    assert ask(client, other).status_code == 200


def test_each_item_of_a_batch_counts(limited: tuple[httpx.Client, str]) -> None:
    client, _ = limited
    assert ask(client, KEY, f"{PATH}:batch", {"items": [ORDER] * BURST}).status_code == 200
    refused = ask(client, KEY, f"{PATH}:batch", {"items": [ORDER] * BURST})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
