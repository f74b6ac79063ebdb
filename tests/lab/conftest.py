"""A real lab process for these tests, and a caller of its Service API."""

import json
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx
import pytest

from lab.process import PYTHON, ROOT, LabProcess
from tests.lab_answers import Event, RunAnswer

WORKFLOWS = Path(__file__).parent / "workflows"
PATIENCE = 20.0


class Caller:
    """An API caller of one app."""

    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE
        )

    def start(self, text: str = "hello", user: str = "anna") -> RunAnswer:
        """Run the app to its end or first form, blocking."""
        answer = self.http.post(
            "/v1/workflows/run",
            json={"inputs": {"text": text}, "response_mode": "blocking", "user": user},
        )
        assert answer.status_code == 200, answer.text
        told: RunAnswer = answer.json()
        return told

    def start_paused(self, text: str = "hello", user: str = "anna") -> "Paused":
        """Run the app to a form, and wait until the pause is stored."""
        answer = self.start(text, user)
        [reason] = answer["data"]["reasons"]
        self.until_status(answer["workflow_run_id"], "paused")
        assert reason["form_token"] is not None
        return Paused(answer["workflow_run_id"], reason["form_token"])

    def status(self, run_id: str) -> str:
        """How the run stands."""
        return str(self.http.get(f"/v1/workflows/run/{run_id}").json()["status"])

    def until_status(self, run_id: str, status: str) -> None:
        """Wait for it; Dify has no event for a stored pause either."""
        until(lambda: self.status(run_id) == status, f"the run to be {status}")

    def submit(self, token: str | None, action: str = "approve", **inputs: str) -> httpx.Response:
        """Answer a form, with every declared input of `ask.yml` unless others are given."""
        answers = inputs or {"comment": "fine", "edited": "hello!"}
        return self.http.post(
            f"/v1/form/human_input/{token}",
            json={"inputs": answers, "action": action, "user": "reviewer"},
        )

    def events(self, run_id: str, user: str = "anna", **options: bool) -> Generator[Event]:
        """The events of a run, opened by the first `next`."""
        query = {"user": user, **{name: str(on).lower() for name, on in options.items()}}
        with self.http.stream("GET", f"/v1/workflow/{run_id}/events", params=query) as stream:
            assert stream.status_code == 200
            yield from read_events(stream)


class Paused(NamedTuple):
    """A run that waits at a form."""

    run_id: str
    token: str


def read_events(stream: httpx.Response) -> Iterator[Event]:
    """The events of a stream; the pings between them as `{"event": "ping"}`."""
    for line in stream.iter_lines():
        if line == "event: ping":
            yield {"event": "ping"}
        elif line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def until(ready: Callable[[], bool], what: str) -> None:
    """Ask again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


class ServeLab(Protocol):
    """Starts a lab with the workflows of this folder; give `state` to go on with an old one."""

    def __call__(
        self,
        state: Path | None = None,
        *,
        hooks: Mapping[str, Path] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> LabProcess: ...


class LabCommand(Protocol):
    """Runs `python -m lab` with some arguments to its end."""

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def serve_lab(tmp_path_factory: pytest.TempPathFactory) -> ServeLab:
    if not PYTHON.exists():
        pytest.skip(f"no lab environment at {PYTHON.parent.parent.name}: run make setup")

    def serve(
        state: Path | None = None,
        *,
        hooks: Mapping[str, Path] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> LabProcess:
        files = {path.stem: path for path in WORKFLOWS.glob("*.yml")}
        keys = {name: f"app-{name}" for name in files}
        folder = state or tmp_path_factory.mktemp("lab")
        return LabProcess(files, keys, folder, hooks=hooks, env=env)

    return serve


@pytest.fixture(scope="session")
def shared_lab(serve_lab: ServeLab) -> Iterator[LabProcess]:
    """One lab for all tests that do not end it."""
    with serve_lab() as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: LabProcess) -> Iterator[LabProcess]:
    """The shared lab, with every trap off again afterwards."""
    yield shared_lab
    off = dict.fromkeys(shared_lab.control("GET", "/lab/switches"), False)
    shared_lab.control("POST", "/lab/switches", off)


@pytest.fixture
def caller(lab: LabProcess) -> Caller:
    """A caller of the app `ask`."""
    return Caller(lab.url, "app-ask")


@pytest.fixture(scope="session")
def lab_command(serve_lab: ServeLab) -> LabCommand:

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, "-m", "lab", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return command
