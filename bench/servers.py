"""The servers under test, each a process of its own that is ready when it is made."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.load import Order, Report

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "models" / "embedded"
KEY = "cg_bench"
CORES = os.cpu_count() or 1
SECONDS_TO_START = 120.0
GATES = """\
gates:
  scored:
    scorer: embedded
    thresholds: {low: 0.10, high: 0.90}
  signals:
    scorer: signals
    thresholds: {low: 0.10, high: 0.90}
"""


class DidNotStart(Exception):
    """The server ended, or was not ready in time; the message ends with its log's last lines."""


class Server:
    """A child process that answers `ready` with 200 on its port."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        ready: str = "/openapi.json",
        patience: float = SECONDS_TO_START,
    ) -> None:
        self.port = port
        self._log = log
        began = time.perf_counter()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GATE_")}
        with log.open("wb") as output:
            self._process = psutil.Popen(
                list(command),
                cwd=ROOT,
                env={**inherited, **(env or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready(f"http://127.0.0.1:{port}{ready}", began + patience)
        self.seconds_to_start = time.perf_counter() - began

    @property
    def memory_mb(self) -> float:
        """What it and its children hold in memory now (resident), in MB."""
        family = [self._process, *self._process.children(recursive=True)]
        return float(sum(process.memory_info().rss for process in family)) / 1e6

    def load(self, order: Order) -> Report:
        """Run the load generator, in its own process, against this server."""
        order.port = self.port
        run = subprocess.run(
            [sys.executable, "-m", "bench.load"],
            cwd=ROOT,
            input=json.dumps(asdict(order)).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        return Report(**json.loads(run.stdout))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        if not self._process.is_running():
            return
        family = self._process.children(recursive=True)
        self._process.terminate()
        _, left = psutil.wait_procs([self._process, *family], timeout=15)
        for process in left:
            process.kill()

    def _wait_until_ready(self, url: str, give_up_at: float) -> None:
        while time.perf_counter() < give_up_at and self._process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        self.end()
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-12:])
        raise DidNotStart(f"It did not start. Its log ends:\n{tail}")


def the_service(folder: Path, **settings: str) -> Server:
    """`python -m service serve` on an empty store in `folder`."""
    folder.mkdir(parents=True)
    config, port = folder / "gates.yml", free_port()
    config.write_text(GATES)
    return Server(
        [sys.executable, "-m", "service", "serve"],
        port=port,
        log=folder / "service.log",
        ready="/readyz",
        env={
            "GATE_DATABASE_URL": f"sqlite:///{folder / 'gate.db'}",
            "GATE_CONFIG": str(config),
            "GATE_PORT": str(port),
            "GATE_BOOTSTRAP_KEY": KEY,
            "GATE_RATE_LIMIT": "0",  # one key stands for all the callers of a busy day
            "GATE_SCORER_THREADS": str(CORES),
            **settings,
        },
    )


def the_service_on_every_core(folder: Path) -> Server:
    """The same in as many processes as there are cores, each of which runs one batch at a time."""
    server = the_service(folder, GATE_PROCESSES=str(CORES), GATE_SCORER_THREADS="1")
    give_up_at = time.perf_counter() + SECONDS_TO_START
    while _processes_of(server) < CORES:
        if time.perf_counter() > give_up_at:
            server.end()
            raise DidNotStart(f"Of {CORES} processes {_processes_of(server)} serve.")
        time.sleep(0.1)
    return server


def _processes_of(server: Server) -> float:
    """How many serve, as they tell: the first that is ready answers for all."""
    told = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/metrics", headers={"authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(told, timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return next(
        family.samples[0].value for family in families if family.name == "human_in_loop_processes"
    )


def a_rival(name: str, folder: Path) -> Server:
    """One of `bench.rivals`, on the server that the service runs on, with its options."""
    port = free_port()
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    return Server(
        [sys.executable, "-m", "uvicorn", f"bench.rivals:{name}", *options],
        port=port,
        log=folder / f"{name}.log",
        env={"BENCH_BUNDLE": str(BUNDLE)},
    )


class RawRuns:
    """The worker process of `bench.raw`."""

    def __init__(self, bundle: Path = BUNDLE) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.raw", str(bundle)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._read()

    def per_second(self, seconds: float, *, tokenise: bool) -> float:
        assert self._process.stdin
        command = {"seconds": seconds, "tokenise": tokenise}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return float(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise DidNotStart("The process that runs the model alone has ended.")
        return line


def free_port() -> int:
    """A port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
