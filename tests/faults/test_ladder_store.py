"""The store cannot be written: 503 with the time to come back, nothing approved, nothing lost."""

import contextlib
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from demo.service_process import ROOT, DidNotStart, ServiceProcess
from service.domain.errors import StoreUnavailable
from service.store import engine
from service.store.sql_store import SqlStore
from tests.api.conftest import serving, settings_for
from tests.cli.operator import service as command
from tests.examples import a_decision
from tests.installation import ServiceCaller, Site, free_ports

GATE = "content-moderation"
GATES = f"""\
gates:
  {GATE}:
    scorer: signals
    thresholds: {{low: 0.1, high: 0.9}}
  scored:
    scorer: embedded
    thresholds: {{low: 0.1, high: 0.9}}
"""
SURE = {"signals": {"score": 1.0}}
HOLD = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(600)
"""
WAITING, WAIT_MS = 60, 2000
"""Who asks of a store that is held, and how long SQLite waits for it, in place of 15 seconds."""
CALM, RUDE = "Thank you, that was very kind.", "You are an idiot and nobody likes you."


@dataclass(frozen=True, kw_only=True)
class Running:
    site: Site
    process: ServiceProcess
    service: ServiceCaller
    folder: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("ladder")
    shutil.copytree(ROOT / "models" / "embedded", folder / "models" / "embedded")
    [port] = free_ports(1)
    site = Site(folder, port, GATES, GATE_MODELS_DIR=str(folder / "models"))
    with site.start() as process:
        yield Running(site=site, process=process, service=ServiceCaller(site.url), folder=folder)


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:confidence-gate:problem:store-unavailable"
    assert int(answer.headers["retry-after"]) > 0


def test_a_full_disk(running: Running) -> None:
    """No file of the process may grow: what a full disk does to it."""
    service = running.service
    first = service.ask(GATE, "before", key="before", **SURE).raise_for_status().json()
    pid = running.process._process.pid
    without_limit = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, without_limit[1]))
    try:
        for number in range(3):
            refused(service.ask(GATE, f"meanwhile {number}", key=f"meanwhile {number}", **SURE))
        assert service.decision(first["decision_id"])["decision"] == "auto_approve"
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, without_limit)
    assert service.ask(GATE, "before", key="before", **SURE).json() == first
    for number in range(3):
        again = service.ask(GATE, f"meanwhile {number}", key=f"meanwhile {number}", **SURE)
        assert again.raise_for_status().json()["decision"] == "auto_approve"
    running.site.verify_audit()


@contextlib.contextmanager
def holding(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps everybody else from writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, database], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_store_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All who wait are told together, and not each after a wait of its own."""
    pragmas = [p for p in engine.SQLITE_PRAGMAS if not p.startswith("busy_timeout")]
    monkeypatch.setattr(engine, "SQLITE_PRAGMAS", (f"busy_timeout = {WAIT_MS}", *pragmas))
    with contextlib.ExitStack() as stack:
        service = ServiceCaller(stack.enter_context(serving(settings_for(tmp_path))))
        service.http.timeout = httpx.Timeout(WAITING * WAIT_MS / 2000)
        holder = stack.enter_context(holding(tmp_path / "gate.db"))

        def ask(number: int) -> httpx.Response:
            return service.ask("answers", f"held {number}", key=f"held {number}", **SURE)

        with ThreadPoolExecutor(WAITING) as crowd:
            for answer in crowd.map(ask, range(WAITING)):
                refused(answer)
        holder.kill()
        holder.wait()
        assert ask(0).raise_for_status().json()["decision"] == "auto_approve"
    assert command(tmp_path, "audit", "verify").returncode == 0


def test_a_service_that_stood_still_decides_once(running: Running) -> None:
    """SIGSTOP: who gave up waiting and repeats the request gets the one decision."""
    process = running.process._process
    impatient = ServiceCaller(running.site.url)
    impatient.http.timeout = httpx.Timeout(0.5)
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(httpx.TimeoutException):
            impatient.ask(GATE, "stopped", key="stopped", **SURE)
    finally:
        process.send_signal(signal.SIGCONT)
    while (first := running.service.ask(GATE, "stopped", key="stopped", **SURE)).is_error:
        assert first.status_code == 409  # the first one is still under way
    again = running.service.ask(GATE, "stopped", key="stopped", **SURE).raise_for_status()
    assert again.json() == first.json()


def test_a_model_file_spoiled_while_running_changes_no_score(running: Running) -> None:
    """What is scored with is what was checked at the start; the next start says what is wrong."""
    service = running.service
    before = [service.ask("scored", text).raise_for_status().json() for text in (CALM, RUDE)]
    assert before[1]["decision"] == "auto_reject"
    model = running.folder / "models" / "embedded" / "model.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[:1000] + b"spoiled" + whole[1007:])
    try:
        after = [service.ask("scored", text).raise_for_status().json() for text in (CALM, RUDE)]
        for one, other in zip(before, after, strict=True):
            assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-6)
            assert one["model_version"] == other["model_version"]
        [port] = free_ports(1)
        second = Site(running.folder / "second", port, GATES, GATE_MODELS_DIR=str(model.parents[1]))
        with pytest.raises(DidNotStart, match=r"model\.onnx"):
            second.start()
    finally:
        model.write_bytes(whole)


def test_a_store_that_may_only_be_read(tmp_path: Path) -> None:
    writable = SqlStore(f"sqlite:///{tmp_path}/gate.db")
    writable.migrate()
    writable.close()
    store = SqlStore(f"sqlite:///file:{tmp_path}/gate.db?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable), store.transaction() as tx:
        tx.decisions.add([a_decision()])
    store.close()
