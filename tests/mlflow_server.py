"""A real MLflow server on the loopback address: its store and its artifacts in a folder."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.installation import free_ports

SECONDS_TO_START = 150.0
"""It imports a great deal."""


@contextmanager
def start_mlflow() -> Iterator[str]:
    """The server's address. Raises OSError where it does not start."""
    home = Path(tempfile.mkdtemp(prefix="gate-mlflow-"))
    [port] = free_ports(1)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{home}/mlflow.db"),
                *("--artifacts-destination", str(home / "artifacts")),
                # Its other server wants pandas, and this one serves the same.
                *("--gunicorn-opts", "--log-level warning --timeout 120"),
            ],
            cwd=home,
            env={
                **os.environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}", home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    with httpx.Client(timeout=5) as client:
        while process.poll() is None and time.monotonic() < give_up_at:
            try:
                if client.get(f"{url}/health").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise OSError(log.read_text(errors="replace")[-500:])
