"""The image's commands as processes, in a folder that holds what the image holds and no more.

One container alone on SQLite, and the two of compose on real PostgreSQL and Redis.
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import make_url
from standardwebhooks.webhooks import Webhook

from tests.deploy.image import ROOT, STORE, Dockerfile, unpack
from tests.installation import free_ports

DOCKERFILE = Dockerfile(ROOT / "Dockerfile")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SECRET = "whsec_Y29uZmlkZW5jZS1nYXRl"
GATES = """\
apps:
  receiver: {{url: "{url}", secrets: ["{secret}"], allow_internal: true}}
gates:
  refunds:
    scorer: signals
    thresholds: {{low: 0.1, high: 0.9}}
    resume: {{mode: webhook, app: receiver}}
    apps: [receiver]
"""
START_SECONDS = 90
STOP_SECONDS = 20


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    unpack(folder)
    return folder


class Container:
    """A process with the image's files, environment and entry point."""

    def __init__(self, app: Path, command: list[str], environment: Mapping[str, str]) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._app = app
        self._environment = {**DOCKERFILE.environment, **environment, "PATH": path}
        self._log = app.parent / f"{command[0]}-{environment['GATE_PORT']}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*DOCKERFILE.only("ENTRYPOINT").argv, *command],
                cwd=app,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_healthy(self) -> None:
        """By the image's own health check."""
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at and self.process.poll() is None:
            asked = subprocess.run(
                DOCKERFILE.health_command,
                cwd=self._app,
                env=self._environment,
                capture_output=True,
                check=False,
            )
            if asked.returncode == 0:
                return
        pytest.fail(f"not healthy; its log:\n{self._log.read_text()}")

    def stop(self) -> int:
        """What an engine does first: SIGTERM, then patience."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(app: Path, command: list[str], environment: Mapping[str, str]) -> Iterator[Container]:
    container = Container(app, command, environment)
    try:
        yield container
    finally:
        if container.process.poll() is None:
            container.process.kill()
            container.process.wait()


def on_this_machine() -> dict[str, str]:
    """A free port on the loopback address, in the place of the container's own network."""
    [port] = free_ports(1)
    return {"GATE_HOST": "127.0.0.1", "GATE_PORT": str(port)}


def client(environment: Mapping[str, str]) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{environment['GATE_PORT']}",
        headers={"Authorization": f"Bearer {environment['GATE_BOOTSTRAP_KEY']}"},
        timeout=30,
    )


def test_one_container_is_a_whole_installation(app: Path, tmp_path: Path) -> None:
    store = DOCKERFILE.environment["GATE_DATABASE_URL"].replace(STORE, str(tmp_path))
    environment = on_this_machine() | {
        "GATE_DATABASE_URL": store,
        "GATE_BOOTSTRAP_KEY": "cg_first",
        "GATE_BOOTSTRAP_ADMIN": "admin:a-long-password",
    }
    with running(app, DOCKERFILE.only("CMD").argv, environment) as container:
        container.wait_until_healthy()
        with client(environment) as api:
            item = {"item": {"text": "Have a lovely day, everybody!"}}
            decision = api.post("/v1/gates/content-moderation/decisions", json=item).json()
            assert decision["model_version"].startswith("embedded@")
            read = api.get(f"/v1/decisions/{decision['decision_id']}").json()
            assert read["decision"] == decision["decision"]
        assert container.stop() == 0
    assert (tmp_path / "gate.db").is_file()


@pytest.fixture
def receiver() -> Iterator[tuple[str, "queue.Queue[tuple[dict[str, str], bytes]]"]]:
    """A receiver of webhooks, and what it received."""
    received: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()
        thread.join()


def environment_of(name: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """What compose gives a container of ours, its variables filled in from .env."""

    def filled(value: str) -> str:
        return re.sub(
            r"\$\{(\w+):([-?])([^}]*)\}",
            lambda m: secrets[m[1]] if m[1] in secrets or m[2] == "?" else m[3],
            value,
        )

    assert COMPOSE[name]["env_file"] == [".env"]
    return {**secrets, **{k: filled(v) for k, v in COMPOSE[name]["environment"].items()}}


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "new-env"
    script.write_bytes((ROOT / "deploy" / "new-env").read_bytes())
    subprocess.run(["sh", script], check=True, capture_output=True)
    lines = (tmp_path / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_service_and_worker_as_compose_runs_them(
    app: Path,
    tmp_path: Path,
    secrets: dict[str, str],
    postgres_url: str,
    redis_url: str,
    receiver: tuple[str, "queue.Queue[tuple[dict[str, str], bytes]]"],
) -> None:
    url, received = receiver
    (tmp_path / "gates.yml").write_text(GATES.format(url=url, secret=SECRET))
    here = on_this_machine() | {"GATE_CONFIG": str(tmp_path / "gates.yml")}
    environments = {}
    for name in ("service", "worker"):
        environment = environment_of(name, secrets)
        assert make_url(environment["GATE_DATABASE_URL"]).host == "postgres"
        assert httpx.URL(environment["GATE_REDIS_URL"]).host == "redis"
        stores = {"GATE_DATABASE_URL": postgres_url, "GATE_REDIS_URL": redis_url}
        environments[name] = environment | stores | here

    with running(app, COMPOSE["service"]["command"], environments["service"]) as service:
        service.wait_until_healthy()
        with running(app, COMPOSE["worker"]["command"], environments["worker"]) as worker:
            with client(environments["service"]) as api:
                order = {"item": {"text": "refund 12.50"}, "signals": {"score": 0.5}}
                decision = api.post("/v1/gates/refunds/decisions", json=order).json()
                assert decision["decision"] == "human_review"
                (task,) = api.post("/v1/tasks/claim", json={}).json()["tasks"]
                assert task["decision_id"] == decision["decision_id"]
                verdict = {"verdict": "approve", "lease_token": task["lease_token"]}
                answered = api.post(f"/v1/tasks/{task['task_id']}/decision", json=verdict)
                assert answered.status_code == 200

                headers, body = received.get(timeout=START_SECONDS)
                Webhook(SECRET).verify(body.decode(), headers)
                assert json.loads(body)["decision_id"] == decision["decision_id"]
                assert json.loads(body)["verdict"] == "approve"
                give_up_at = time.monotonic() + START_SECONDS
                while time.monotonic() < give_up_at:
                    read = api.get(f"/v1/decisions/{decision['decision_id']}").json()
                    if read["outcome"]["delivery"]["state"] == "delivered":
                        break
                assert read["outcome"]["delivery"]["state"] == "delivered"
            assert worker.stop() == 0
        assert service.stop() == 0
