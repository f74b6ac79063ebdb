"""Several processes behind one port, on one machine with nothing but SQLite: they count together,
one that dies is replaced, and they begin and end as one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.service_process import ROOT, ServiceProcess
from tests.installation import KEY, ServiceCaller, Site, free_ports, until

GATES = """\
gates:
  content-moderation:
    scorer: signals
    thresholds: {low: 0.1, high: 0.9}
"""
SCORED = "gates: {scored: {scorer: embedded, thresholds: {low: 0.1, high: 0.9}}}\n"
GATE = "content-moderation"
ASKED = 60


@dataclass(frozen=True, kw_only=True)
class Together:
    """A service of two processes."""

    site: Site
    process: ServiceProcess

    @property
    def parent(self) -> psutil.Process:
        return psutil.Process(self.process._process.pid)

    def servers(self) -> list[psutil.Process]:
        """Those that live, without multiprocessing's own helper."""
        return [child for child in self.parent.children() if _serves(child)]

    def counted(self, name: str) -> float:
        """The sum of a metric's series, whichever process tells."""
        told = httpx.get(f"{self.site.url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
        families = text_string_to_metric_families(told.raise_for_status().text)
        return sum(
            s.value for f in families for s in f.samples if s.name == f"human_in_loop_{name}"
        )

    def until_both_serve(self) -> None:
        until(lambda: self.counted("processes") == 2, "two processes to serve")


def _serves(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def ask(site: Site, text: str, key: str | None = None, score: float = 0.95) -> httpx.Response:
    """Over a connection of its own, which any process may take."""
    service = ServiceCaller(site.url)
    with service.http:
        return service.ask(GATE, text, key=key, signals={"score": score})


@contextmanager
def both_serving(folder: Path) -> Iterator[Together]:
    [port] = free_ports(1)
    site = Site(folder, port, GATES, GATE_PROCESSES="2")
    with site.start() as process:
        found = Together(site=site, process=process)
        found.until_both_serve()
        yield found


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    with both_serving(tmp_path_factory.mktemp("together")) as found:
        yield found


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Together]:
    """A service that the test ends."""
    with both_serving(tmp_path) as found:
        yield found


def test_they_decide_once_and_count_together(together: Together) -> None:
    before = {name: together.counted(name) for name in ("decisions_total", "requests_total")}
    with ThreadPoolExecutor(16) as pool:
        once = list(pool.map(lambda _: ask(together.site, "again", key="again"), range(ASKED)))
        each = list(pool.map(lambda n: ask(together.site, f"text {n}"), range(ASKED)))
    taken = [answer.json()["decision_id"] for answer in once if answer.status_code == 200]
    assert taken
    assert len(set(taken)) == 1
    # A repeated request that meets the first under way is told so.
    assert {answer.status_code for answer in once} <= {200, 409}
    assert [answer.status_code for answer in each] == [200] * ASKED
    assert together.counted("decisions_total") == before["decisions_total"] + ASKED + 1
    assert together.counted("requests_total") >= before["requests_total"] + 2 * ASKED
    together.site.verify_audit()


def test_one_that_dies_is_replaced_and_what_it_acknowledged_is_there(together: Together) -> None:
    made = together.counted("decisions_total")
    known = [ask(together.site, f"text {n}").json()["decision_id"] for n in range(10)]
    before = together.servers()
    assert len(before) == 2
    before[0].kill()
    until(lambda: before[0] not in together.servers() and len(together.servers()) == 2, "another")
    together.until_both_serve()
    assert before[1] in together.servers()
    assert ask(together.site, "after").status_code == 200
    assert together.counted("decisions_total") == made + 11  # what the dead one counted too
    service = ServiceCaller(together.site.url)
    assert [service.decision(one)["decision_id"] for one in known] == known
    together.site.verify_audit()


def test_a_hangup_replaces_them_one_after_the_other(together: Together) -> None:
    before = together.servers()
    together.parent.send_signal(signal.SIGHUP)
    until(lambda: not set(before) & set(together.servers()), "others in their places")
    together.until_both_serve()
    assert ask(together.site, "after").status_code == 200


def test_they_end_together_in_good_order(ending: Together) -> None:
    servers = ending.servers()
    assert ending.process.stop() == 0
    assert psutil.wait_procs(servers, timeout=60)[1] == []
    assert "Traceback" not in ending.site.log.read_text()


def test_none_outlives_a_parent_that_was_killed(ending: Together) -> None:
    servers = ending.servers()
    ending.parent.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(servers, timeout=60)[1] == []


def test_what_none_of_them_can_use_ends_them_all_with_a_sentence(tmp_path: Path) -> None:
    models, config = tmp_path / "models", tmp_path / "gates.yaml"
    shutil.copytree(ROOT / "models" / "embedded", models / "embedded")
    with (models / "embedded" / "model.onnx").open("ab") as model:
        model.write(b"spoiled")
    config.write_text(SCORED)
    settings = {
        "GATE_PROCESSES": "2",
        "GATE_MODELS_DIR": str(models),
        "GATE_CONFIG": str(config),
        "GATE_DATABASE_URL": f"sqlite:///{tmp_path / 'gate.db'}",
        "GATE_PORT": str(free_ports(1)[0]),
    }
    run = subprocess.run(
        [sys.executable, "-m", "service", "serve"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2
    assert "model.onnx" in run.stderr
    assert "Traceback" not in run.stderr
