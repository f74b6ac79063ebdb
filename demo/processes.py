"""The two processes of the demonstration: the service, and the lab that stands in for Dify."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "var" / "demo"
LAB_PYTHON = ROOT / ".venv-lab" / "bin" / "python"
WORKFLOW = ROOT / "workflows" / "content-review-native.yml"

LOGIN = ("demo", "demo-review")
"""For a service on the loopback address that lives as long as the demonstration."""

SECONDS_TO_START = 60.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is reached."""

    service: str
    api_key: str
    lab: str
    app_key: str


@contextmanager
def running() -> Iterator[Stage]:
    """Start both afresh, wait until they answer, stop them at the end."""
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    service_port, lab_port = _free_port(8000), _free_port(8100)
    stage = Stage(
        service=f"http://127.0.0.1:{service_port}",
        api_key=f"cg_{secrets.token_urlsafe(24)}",
        lab=f"http://127.0.0.1:{lab_port}",
        app_key=f"app-{secrets.token_urlsafe(18)}",
    )
    service = _start("service", [sys.executable, "-m", "service", "serve"], _service_env(stage))
    lab = _start("lab", _lab_command(stage, lab_port), _lab_env(stage))
    try:
        _wait_until_ready("service", service, f"{stage.service}/readyz")
        _wait_until_ready("lab", lab, f"{stage.lab}/healthz")
        yield stage
    finally:
        for process in (lab, service):
            _stop(process)


def _service_env(stage: Stage) -> dict[str, str]:
    return {
        "GATE_DATABASE_URL": f"sqlite:///{STATE / 'gate.db'}",
        "GATE_CONFIG": str(ROOT / "demo" / "gates.yaml"),
        "GATE_HOST": "127.0.0.1",
        "GATE_PORT": stage.service.rpartition(":")[2],
        "GATE_PUBLIC_URL": stage.service,
        "GATE_BOOTSTRAP_KEY": stage.api_key,
        "GATE_BOOTSTRAP_ADMIN": ":".join(LOGIN),
        "DEMO_LAB_URL": stage.lab,
        "DEMO_APP_KEY": stage.app_key,
    }


def _lab_command(stage: Stage, port: int) -> list[str]:
    return [
        str(LAB_PYTHON), "-m", "lab", "serve",
        "--port", str(port),
        "--app", f"moderation={WORKFLOW}",
        "--app-key", f"moderation={stage.app_key}",
        "--state", str(STATE / "lab"),
    ]  # fmt: skip


def _lab_env(stage: Stage) -> dict[str, str]:
    return {"LAB_SERVICE_URL": stage.service, "LAB_SERVICE_API_KEY": stage.api_key}


def _start(name: str, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GATE_")}
    with (STATE / f"{name}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=ROOT, env={**inherited, **env}, stdout=log, stderr=subprocess.STDOUT
        )


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], url: str) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    log = STATE / f"{name}.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise SystemExit(f"The {name} did not start. Its log ({log.relative_to(ROOT)}) ends:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port(wished: int) -> int:
    """The wished port where it is free, else another."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("No free port on the loopback address.")
