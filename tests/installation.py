"""A whole installation for tests: the service's callers and reviewers, and callers of the lab."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from demo.service_process import ROOT, ServiceProcess
from lab.process import PYTHON, LabProcess
from tests.lab_answers import AskedForm, RunAnswer, RunData
from tests.plain_http import PLAIN

KEY = "cg_test_key_with_every_scope"
PATIENCE = 60.0
PORTS = range(20_000, 32_000)
TASK_ID = re.compile(r"tsk_[0-9a-f]{16,}")


class ServiceCaller:
    """The service's API, as workflows, reviewers and managers use it. Safe for many threads."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(
            base_url=f"{url}/v1",
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=PATIENCE,
            verify=PLAIN,
        )
        self._claimed: dict[str, dict[str, Any]] = {}
        self._claiming = threading.Lock()

    def ask(self, gate: str, text: str, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask a gate about a text."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"item": {"text": text}, **more}
        return self.http.post(f"/gates/{gate}/decisions", json=body, headers=headers)

    def decision(self, decision_id: str, wait: float = 0) -> dict[str, Any]:
        """The decision as it stands, or once it has its outcome within `wait` seconds."""
        answer = self.http.get(f"/decisions/{decision_id}", params={"wait": wait})
        return dict(answer.raise_for_status().json())

    def task_about(self, text: str) -> dict[str, Any]:
        """Claim from the queue, as a reviewer does, until the task about this text comes up."""
        with self._claiming:
            until(lambda: self._is_claimed(text), f"a task about {text!r}")
            return self._claimed[text]

    def answer(
        self, task: Mapping[str, Any], verdict: str, key: str | None = None, **said: Any
    ) -> httpx.Response:
        """Decide a claimed task."""
        return self.http.post(
            f"/tasks/{task['task_id']}/decision",
            json={"verdict": verdict, "lease_token": task["lease_token"], **said},
            headers={"Idempotency-Key": key} if key else {},
        )

    def review(self, text: str, verdict: str, **said: Any) -> dict[str, Any]:
        """Claim the task about this text and decide it; the task."""
        task = self.task_about(text)
        self.answer(task, verdict, **said).raise_for_status()
        return task

    def review_next(self, text: str, verdict: str) -> dict[str, Any]:
        """As `review`, of a text that is asked about again later."""
        task = self.review(text, verdict)
        with self._claiming:
            del self._claimed[text]
        return task

    def tasks(self, **query: Any) -> list[dict[str, Any]]:
        """Every task, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.http.get("/tasks", params={**query, "limit": 200, **cursor})
            found += page.raise_for_status().json()["tasks"]
            if page.json()["next_cursor"] is None:
                return found
            cursor = {"cursor": page.json()["next_cursor"]}

    def deliveries(self, decision_id: str) -> list[dict[str, Any]]:
        """The deliveries of a decision."""
        found = self.http.get("/deliveries", params={"limit": 200}).raise_for_status()
        return [d for d in found.json()["deliveries"] if d["decision_id"] == decision_id]

    def until_delivery(self, decision_id: str, state: str) -> dict[str, Any]:
        """The decision's one delivery, once it stands so."""
        self.decision(decision_id, wait=25)  # an event serves here; of deliveries there is none

        def stands() -> bool:
            [delivery] = self.deliveries(decision_id)
            assert delivery["state"] in ("pending", state), delivery
            return bool(delivery["state"] == state)

        until(stands, f"the delivery to be {state}")
        [delivery] = self.deliveries(decision_id)
        return delivery

    def _is_claimed(self, text: str) -> bool:
        if text not in self._claimed:
            claimed = self.http.post("/tasks/claim", json={"limit": 50}).raise_for_status()
            for task in claimed.json()["tasks"]:
                self._claimed[task["item"]["text"]] = task
        return text in self._claimed


class DifyCaller:
    """A caller of one app of the lab, by the Service API."""

    def __init__(self, lab: LabProcess, app: str) -> None:
        self._lab = lab
        self.user = "anna"
        self.http = httpx.Client(
            base_url=f"{lab.url}/v1",
            headers={"Authorization": f"Bearer {app_key(app)}"},
            timeout=PATIENCE,
            verify=PLAIN,
        )

    def start(self, **inputs: str) -> RunAnswer:
        """Run the app to its end or to a form, blocking."""
        body = {"inputs": inputs, "response_mode": "blocking", "user": self.user}
        answer: RunAnswer = self.http.post("/workflows/run", json=body).raise_for_status().json()
        return answer

    def start_paused(self, **inputs: str) -> "PausedRun":
        """Run the app to a form."""
        answer = self.start(**inputs)
        assert answer["data"]["status"] == "paused", answer
        return PausedRun(self, answer["workflow_run_id"], answer["data"]["reasons"][0])

    def run(self, run_id: str) -> RunData:
        """How a run stands."""
        found: RunData = self.http.get(f"/workflows/run/{run_id}").raise_for_status().json()
        return found

    def until_over(self, run_id: str) -> RunData:
        """A run of ours, once it has ended: its events tell."""
        query = {"user": self.user, "continue_on_pause": "true", "include_state_snapshot": "true"}
        path = f"/workflow/{run_id}/events"
        give_up_at = time.monotonic() + PATIENCE
        with self.http.stream("GET", path, params=query) as stream:
            for line in stream.iter_lines():
                assert time.monotonic() < give_up_at, f"waited in vain for run {run_id} to end"
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    if event["event"] == "workflow_finished":
                        ended: RunData = event["data"]
                        return ended
        raise AssertionError(f"the events of run {run_id} broke off")


class PausedRun:
    """A run that waits at a form."""

    def __init__(self, caller: DifyCaller, run_id: str, form: AskedForm) -> None:
        assert form["form_token"] is not None
        self.caller = caller
        self.id = run_id
        self.token = form["form_token"]
        self.content = form["form_content"]

    @property
    def task_id(self) -> str:
        """The review task that the form shows."""
        found = TASK_ID.search(self.content)
        assert found, self.content
        return found[0]

    def until_stored(self) -> None:
        """Wait until the pause is stored: Dify has no event for that."""
        until(lambda: self.caller.run(self.id)["status"] == "paused", "the pause to be stored")

    def submit(self, action: str) -> httpx.Response:
        """Answer the form, as somebody in Dify."""
        answers = {"comment": "seen in Dify", "edited_result": "", "reviewer": "dora"}
        body = {"inputs": answers, "action": action, "user": "dora"}
        return self.caller.http.post(f"/form/human_input/{self.token}", json=body)

    def end(self) -> RunData:
        """How it ended, once it has."""
        return self.caller.until_over(self.id)


def app_key(app: str) -> str:
    return f"app-{app}"


def start_lab(
    apps: Mapping[str, Path],
    state: Path,
    service_url: str,
    *,
    port: int = 0,
    hooks: Mapping[str, Path] | None = None,
    env: Mapping[str, str] | None = None,
) -> LabProcess:
    """A lab whose plugin calls the service at this address."""
    if not PYTHON.exists():
        pytest.skip("no lab environment: run make setup")
    calling = {"LAB_SERVICE_URL": service_url, "LAB_SERVICE_API_KEY": KEY}
    keys = {app: app_key(app) for app in apps}
    return LabProcess(apps, keys, state, port=port, hooks=hooks, env={**calling, **(env or {})})


def imported(workflow: str, folder: Path, **settings: Any) -> Path:
    """A shipped workflow with the gate's node set otherwise, as a person does after the import."""
    dsl = yaml.safe_load((ROOT / "workflows" / f"{workflow}.yml").read_text("utf-8"))
    for node in dsl["workflow"]["graph"]["nodes"]:
        if node["data"].get("tool_name") == "confidence_gate":
            for name, value in settings.items():
                node["data"]["tool_configurations"][name] = {"type": "constant", "value": value}
    path = folder / f"{workflow}-{settings['gate']}.yml"
    path.write_text(yaml.safe_dump(dsl, allow_unicode=True), encoding="utf-8")
    return path


class Site:
    """One place where the service is installed: its settings, its store, its port."""

    def __init__(self, folder: Path, port: int, gates: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "gates.yaml"
        config.write_text(gates, encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "service.log"
        self._port = port
        self._settings = {
            "GATE_DATABASE_URL": f"sqlite:///{folder / 'gate.db'}",
            "GATE_CONFIG": str(config),
            "GATE_BOOTSTRAP_KEY": KEY,
            **settings,
        }

    def start(self) -> ServiceProcess:
        """The service, ready; the same store and address each time."""
        return ServiceProcess(self._settings, self._port, self.log)

    def verify_audit(self) -> None:
        """`python -m service audit verify`; fails the test where the chain is broken."""
        checked = subprocess.run(
            [sys.executable, "-m", "service", "audit", "verify"],
            cwd=ROOT,
            env={**os.environ, **self._settings},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens at.

    They lie below the range from which the kernel takes ports by itself: until the process that
    is told one of them listens there, no connection and no other server of any test takes it.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


def until(ready: Callable[[], bool], what: str) -> None:
    """Ask again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
