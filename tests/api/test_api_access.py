"""Who may ask: keys, scopes, gates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import VERSION
from service.domain.access import Scope
from service.ports.clock import SystemClock
from service.store.sql_store import SqlStore
from service.usecases.access.authentication import Doorkeeper
from tests.api.conftest import KEY, serving, settings_for
from tests.plain_http import PLAIN


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("access")
    with serving(settings_for(folder)) as url:
        yield url, folder


@pytest.fixture(scope="module")
def doorkeeper(server: tuple[str, Path]) -> Iterator[Doorkeeper]:
    store = SqlStore(f"sqlite:///{server[1]}/gate.db")
    yield Doorkeeper(store=store, clock=SystemClock())
    store.close()


def call(url: str, key: str | None, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.request(method, url + path, headers=headers, timeout=30, verify=PLAIN, **more)


ORDER = {"item": {"text": "x"}, "signals": {"score": 0.5}}


@pytest.mark.parametrize("key", [None, "", "wrong", "cg_" + "x" * 40])
def test_without_a_known_key_nothing_is_said(server: tuple[str, Path], key: str | None) -> None:
    for method, path in (
        ("POST", "/v1/gates/answers/decisions"),
        ("GET", "/v1/tasks"),
        ("GET", "/v1/audit"),
        ("GET", "/metrics"),
    ):
        answer = call(server[0], key, method, path)
        assert answer.status_code == httpx.codes.UNAUTHORIZED
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


def test_open_routes_need_no_key(server: tuple[str, Path]) -> None:
    assert call(server[0], None, "GET", "/healthz").json() == {"status": "ok"}
    ready = call(server[0], None, "GET", "/readyz")
    assert ready.status_code == httpx.codes.OK
    assert ready.json()["checks"] == {"store": True}
    description = call(server[0], None, "GET", "/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert description["info"]["version"] == VERSION


def test_a_scope_opens_its_own_doors_only(server: tuple[str, Path], doorkeeper: Doorkeeper) -> None:
    key = doorkeeper.create_key("decider", frozenset({Scope.DECIDE}), None, actor="test")
    url = server[0]
    decided = call(url, key, "POST", "/v1/gates/answers/decisions", json=ORDER)
    assert decided.status_code == httpx.codes.OK
    assert call(url, key, "POST", "/v1/tasks/claim", json={}).status_code == httpx.codes.FORBIDDEN
    assert call(url, key, "GET", "/v1/audit").status_code == httpx.codes.FORBIDDEN
    assert call(url, key, "GET", "/metrics").status_code == httpx.codes.FORBIDDEN


def test_a_key_bound_to_a_gate_sees_no_other(
    server: tuple[str, Path], doorkeeper: Doorkeeper
) -> None:
    url = server[0]
    bound = doorkeeper.create_key("bound", frozenset(Scope), frozenset({"strict"}), actor="test")
    asked = call(url, KEY, "POST", "/v1/gates/answers/decisions", json=ORDER).json()
    task, decision = asked["review_task_id"], asked["decision_id"]
    for method, path in (
        ("POST", "/v1/gates/answers/decisions"),
        ("GET", f"/v1/decisions/{decision}"),
        ("GET", f"/v1/tasks/{task}"),
        ("POST", f"/v1/tasks/{task}/cancel"),
    ):
        body = {"json": ORDER} if path.endswith("decisions") else {}
        assert call(url, bound, method, path, **body).status_code == httpx.codes.NOT_FOUND
    assert call(url, bound, "POST", "/v1/tasks/claim", json={}).json() == {"tasks": []}
    names = [gate["name"] for gate in call(url, bound, "GET", "/v1/gates").json()["gates"]]
    assert names == ["strict"]
    assert call(url, bound, "GET", "/v1/audit").status_code == httpx.codes.FORBIDDEN


def test_a_revoked_key_is_worthless(server: tuple[str, Path], doorkeeper: Doorkeeper) -> None:
    key = doorkeeper.create_key("leaver", frozenset({Scope.READ}), None, actor="test")
    doorkeeper.revoke_key("leaver", actor="test")
    assert call(server[0], key, "GET", "/v1/tasks").status_code == httpx.codes.UNAUTHORIZED


def test_the_metrics_count_what_happened(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as url:
        call(url, KEY, "POST", "/v1/gates/strict/decisions", json=ORDER)
        text = call(url, KEY, "GET", "/metrics").text
    assert 'human_in_loop_decisions_total{decision_type="human_review",gate="strict"} 1.0' in text
    assert 'human_in_loop_review_queue_size{gate="strict"} 1.0' in text
    assert 'endpoint="/v1/gates/{gate}/decisions",method="POST",status="200"' in text
