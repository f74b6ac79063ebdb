"""The real application, over real HTTP, on a store of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from service.bootstrap.application import build_app
from service.settings import Settings
from tests.plain_http import PLAIN
from tests.stores import migrated

KEY = "cg_test_key_with_every_scope"

GATES = """\
apps:
  nowhere: {url: "http://127.0.0.1:9/v1", api_key: app-key, allow_internal: true}
  elsewhere: {url: "http://127.0.0.1:9/v1", api_key: app-key, allow_internal: true}
gates:
  answers:
    scorer: signals
    labels: [good, bad]
    approve_labels: [good]
    thresholds: {low: 0.10, high: 0.90}
    categories:
      health: {thresholds: {low: 0.20, high: 0.95}}
      closed: {thresholds: {low: null, high: null}}
      toys: {}
    apps: [nowhere]
  strict:
    scorer: signals
    thresholds: {low: null, high: 0.99}
"""


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of the application, served until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(build_app(settings), host="127.0.0.1", port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)  # uvicorn has no event to wait on
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def settings_for(folder: Path, **more: Any) -> Settings:
    config = folder / "gates.yaml"
    if not config.exists():
        config.write_text(GATES)
    chosen: dict[str, Any] = {
        "database_url": migrated(folder),
        "config": config,
        "bootstrap_key": KEY,
        "public_url": "https://gate.example",
        "_env_file": None,
        **more,
    }
    return Settings(**chosen)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(settings_for(tmp_path_factory.mktemp("api"))) as url:
        yield url


@pytest.fixture
def api(address: str) -> Iterator[httpx.Client]:
    """A caller with every scope."""
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {KEY}"}, timeout=30, verify=PLAIN
    ) as client:
        yield client


@pytest.fixture
def ask(api: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Ask the gate `answers` about a text with a score, and get its answer."""

    def ask(score: float = 0.5, gate: str = "answers", **more: Any) -> dict[str, Any]:
        body = {"item": {"text": "Is this fine?"}, "signals": {"score": score}, **more}
        answer = api.post(f"/v1/gates/{gate}/decisions", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return dict(answer.json())

    return ask
