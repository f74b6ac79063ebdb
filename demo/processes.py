"""The two processes of the demonstration: the service, and the lab that stands in for Dify."""

import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.service_process import ROOT, DidNotStart, ServiceProcess
from lab.process import LabProcess

STATES = ROOT / "var" / "demo"
WORKFLOW = ROOT / "workflows" / "content-review-native.yml"

LOGIN = ("demo", "demo-review")
"""For a service on the loopback address that lives as long as the demonstration."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is reached, and the folder of the two stores and logs."""

    state: Path
    service: str
    api_key: str
    lab: str
    app_key: str


@contextmanager
def running() -> Iterator[Stage]:
    """Start both afresh, wait until they answer, stop them at the end."""
    port = _free_port(8000)
    state = STATES / str(port)  # another demonstration has another port
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    api_key, app_key = f"cg_{secrets.token_urlsafe(24)}", f"app-{secrets.token_urlsafe(18)}"
    calling = {
        "LAB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "LAB_SERVICE_API_KEY": api_key,
    }
    lab = LabProcess({"moderation": WORKFLOW}, {"moderation": app_key}, state / "lab", env=calling)
    with lab:
        settings = {
            "GATE_DATABASE_URL": f"sqlite:///{state / 'gate.db'}",
            "GATE_CONFIG": str(ROOT / "demo" / "gates.yaml"),
            "GATE_BOOTSTRAP_KEY": api_key,
            "GATE_BOOTSTRAP_ADMIN": ":".join(LOGIN),
            "DEMO_LAB_URL": lab.url,
            "DEMO_APP_KEY": app_key,
        }
        try:
            service = ServiceProcess(settings, port, state / "service.log")
        except DidNotStart as error:
            raise SystemExit(str(error)) from error
        with service:
            yield Stage(
                state=state, service=service.url, api_key=api_key, lab=lab.url, app_key=app_key
            )


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
