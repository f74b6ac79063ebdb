"""The service as a child process, ready when it is made. For the demonstration and for tests."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 15.0


class DidNotStart(Exception):
    """The service ended, or was not ready in time; the message ends with its log's last lines."""


class ServiceProcess:
    """`python -m service serve` with the settings `env` (every GATE_* of the caller is left out).

    It logs into `log`. Use it as a context, or end it with `stop` or `kill`.
    """

    def __init__(
        self, env: Mapping[str, str], port: int, log: Path, options: Sequence[str] = ()
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GATE_")}
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "service", "serve", *options],
                cwd=ROOT,
                env={
                    **inherited,
                    "GATE_HOST": "127.0.0.1",
                    "GATE_PORT": str(port),
                    "GATE_PUBLIC_URL": self.url,
                    **env,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()

    def stop(self) -> int:
        """End it in good order; its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End it at once (SIGKILL), with everything it had in memory."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.stop()

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + SECONDS_TO_START
        with httpx.Client(timeout=2) as client:  # one for all: making it costs more than a try
            while time.monotonic() < give_up_at and self._process.poll() is None:
                try:
                    if client.get(f"{self.url}/readyz").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)
        if self._process.poll() is None:
            self.kill()
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        raise DidNotStart(f"The service did not start. Its log ends:\n{tail}")
