"""A running service under steady load: versions come and go, and no request notices."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.operator import Told, service
from tests.installation import KEY, PATIENCE, ServiceCaller, Site, free_ports, until
from tests.registry.bundles import another_version

GATES = """\
gates:
  comments: {scorer: embedded, thresholds: {low: 0.10, high: 0.90}}
  earning:
    scorer: embedded
    contract: {target: per_side, wrong_approvals: 0.02, wrong_rejections: 0.02, confidence: 0.9}
"""
CALLERS = 6


class Installation:
    """A running service with a registry, and its command line."""

    def __init__(self, folder: Path) -> None:
        [port] = free_ports(1)
        self.folder = folder
        settings = {"GATE_REGISTRY_DIR": str(folder / "models"), "GATE_SCORER_THREADS": "1"}
        self.site = Site(folder, port, GATES, **settings)
        self._env = settings | {"GATE_CONFIG": str(folder / "gates.yaml")}

    def model(self, *arguments: str) -> Told:
        """`python -m service model ...`."""
        return service(self.folder, "model", *arguments, **self._env)

    def ready(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.site.url}/readyz").json())


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    with made.site.start():
        yield made


class Load:
    """Callers who each ask again as soon as they are answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._enough = threading.Event()
        self.heard: list[list[tuple[int, str, str, float]]] = [[] for _ in range(CALLERS)]
        self._pool = ThreadPoolExecutor(CALLERS)
        self._calls = [self._pool.submit(self._call, heard) for heard in self.heard]

    def _call(self, heard: list[tuple[int, str, str, float]]) -> None:
        caller = ServiceCaller(self._url)
        while not self._enough.is_set():
            answer = caller.ask("comments", "What a fine day for a walk.")
            said = answer.json()
            heard.append(
                (
                    answer.status_code,
                    said.get("model_version", ""),
                    said.get("reason", ""),
                    said.get("confidence", -1.0),
                )
            )

    def until_all_hear(self, version: str) -> None:
        until(
            lambda: all(heard and heard[-1][1] == version for heard in self.heard),
            f"everybody to hear {version}",
        )

    def end(self) -> None:
        self._enough.set()
        for call in self._calls:
            call.result(PATIENCE)


@pytest.mark.timeout(600)
def test_versions_switch_once_and_no_request_fails(installation: Installation) -> None:
    [(shipped, _)] = installation.ready()["models"].items()
    bundle = another_version(installation.folder / "another", shift=-0.5)
    added = installation.model("add", str(bundle), "--json")
    assert added.returncode == 0, added.stderr
    [version] = [
        word for word in added.stdout.split('"') if word.startswith("embedded@") and word != shipped
    ]

    load = Load(installation.site.url)
    load.until_all_hear(shipped)
    activated = installation.model("activate", "embedded", version, "--wait", "120")
    assert activated.returncode == 0, activated.stderr
    assert "taken it over" in activated.stdout
    assert "gate earning has no certificate" in activated.stderr
    load.until_all_hear(version)
    assert installation.ready()["model_versions"]["embedded"] == {
        "active": version,
        "running": version,
        "standing": "follows",
    }
    back = installation.model("rollback", "embedded", "--wait", "120")
    assert back.returncode == 0, back.stderr
    load.until_all_hear(shipped)
    load.end()

    for heard in load.heard:
        assert {status for status, *_ in heard} == {200}
        assert [v for v, _ in groupby(version for _, version, *_ in heard)] == [
            shipped,
            version,
            shipped,
        ]
    # One text has one score under each version: scorer and calibrator never mix.
    every = [row for heard in load.heard for row in heard]
    confidences = {v: {round(c, 6) for _, w, _, c in every if w == v} for v in (shipped, version)}
    assert [len(c) for c in confidences.values()] == [1, 1]
    assert confidences[shipped] != confidences[version]
    installation.site.verify_audit()
    metrics = httpx.get(
        f"{installation.site.url}/metrics", headers={"Authorization": f"Bearer {KEY}"}
    ).text
    assert 'human_in_loop_model_switches_total{model="embedded",result="took_over"} 2.0' in metrics
