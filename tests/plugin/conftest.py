"""The plugin under its real SDK, and local servers that play the service, well and badly."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.plugin_process import PluginProcess

ROOT = Path(__file__).parents[2]
LAB_PYTHON = ROOT / ".venv-lab" / "bin" / "python"
HASTE = {"CONFIDENCE_GATE_ANSWER_SECONDS": "0.3"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached a local service; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


Reply = tuple[int, dict[str, str], bytes]


class LocalService:
    """An HTTP server on a free loopback port that answers as a test tells it to."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply | None] = lambda _: None
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                asked = Asked(
                    method=self.command,
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=json.loads(self.rfile.read(length)) if length else None,
                )
                service.asked.append(asked)
                reply = service.answer(asked)
                self.close_connection = True
                if reply is None:
                    return  # hangs up without an answer
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the base class's name

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the plugin hung up first, as it does with slow and endless answers

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class PlayedDify:
    """What the plugin may call in Dify: its storage, and running an app."""

    stored: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    fault: Exception | None = None

    def __call__(self, kind: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if kind == "app":
            if self.fault:
                raise self.fault
            self.runs.append(request)
            yield {"workflow_run_id": f"run-{len(self.runs)}", "data": {"status": "succeeded"}}
            return
        assert kind == "storage"
        key = request["key"]
        match request["opt"]:
            case "exist":
                yield {"data": key in self.stored}
            case "get":
                yield {"data": self.stored[key]}
            case "set":
                self.stored[key] = request["value"]
                yield {"data": "ok"}
            case "del":
                del self.stored[key]
                yield {"data": "ok"}


@pytest.fixture(scope="session")
def _one_dify() -> PlayedDify:
    return PlayedDify()


@pytest.fixture
def dify(_one_dify: PlayedDify) -> PlayedDify:
    _one_dify.stored.clear()
    _one_dify.runs.clear()
    _one_dify.fault = None
    return _one_dify


def demand_lab_environment() -> None:
    """Skips where the plugin's libraries are missing, fails in CI."""
    if not LAB_PYTHON.exists():
        assert not os.environ.get("CI"), "CI must have .venv-lab"
        pytest.skip("no .venv-lab: make setup builds it")


def start_plugin(
    root: Path, dify: PlayedDify | None = None, env: dict[str, str] | None = None
) -> PluginProcess:
    """The plugin in `root`."""
    demand_lab_environment()
    return PluginProcess(root, LAB_PYTHON, dify=dify, env={"NO_PROXY": "127.0.0.1", **(env or {})})


@pytest.fixture(scope="session")
def plugin(_one_dify: PlayedDify) -> Iterator[PluginProcess]:
    with start_plugin(ROOT, _one_dify) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="session")
def hasty_plugin() -> Iterator[PluginProcess]:
    """A plugin that waits 0.3 s for an answer, to see what it does with slow ones."""
    with start_plugin(ROOT, env=HASTE) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="session")
def plugin_from() -> Callable[[Path], PluginProcess]:
    """Starts the plugin from another folder, such as an unpacked package."""
    return start_plugin


@pytest.fixture
def service() -> Iterator[LocalService]:
    local = LocalService()
    yield local
    local.close()


@pytest.fixture
def credentials(service: LocalService) -> dict[str, str]:
    return {"service_url": service.url, "api_key": "cg_key_4711"}
