"""Workflow runs, kept on disk: they survive the process that started them."""

import fcntl
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from lab.apps import App
from lab.forms import Form

type Status = Literal["running", "paused", "succeeded", "partial-succeeded", "failed", "stopped"]
type Origin = Literal["service-api", "trigger", "plugin", "command"]


class StateInUse(RuntimeError):
    """Another lab process works in this state folder."""


@dataclass(kw_only=True)
class NodeRun:
    """One execution of one node."""

    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    status: str
    started_at: float
    finished_at: float | None = None


@dataclass(kw_only=True)
class Run:
    """One run. `snapshot` is the engine's state at the stored pause, kept until the run goes on to
    another pause or its end; the status is never `paused` without it. Times in epoch seconds."""

    id: str
    app: str
    workflow_id: str
    user: str
    origin: Origin
    inputs: dict[str, Any]
    created_at: float
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = "running"
    outputs: dict[str, Any] | None = None
    error: str | None = None
    finished_at: float | None = None
    nodes: list[NodeRun] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    paused_on: list[str] = field(default_factory=list)
    snapshot: str | None = None
    resume_due: bool = False

    @property
    def finished(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status not in {"running", "paused"}

    @property
    def elapsed(self) -> float:
        """Seconds since it began, until its end where it has ended."""
        return (self.finished_at or time.time()) - self.created_at

    def form_of(self, node_id: str) -> Form | None:
        """The form that a node opened in this run."""
        return next((form for form in self.forms if form.node_id == node_id), None)

    def pause_forms(self) -> list[Form]:
        """The forms that the pause was for, also those answered since."""
        return [form for form in self.forms if form.id in self.paused_on]


def new_run(app: App, inputs: Mapping[str, Any], *, user: str, origin: Origin) -> Run:
    """A run that has not begun."""
    return Run(
        id=str(uuid.uuid4()),
        app=app.name,
        workflow_id=app.workflow_id,
        user=user,
        origin=origin,
        inputs=dict(inputs),
        created_at=time.time(),
    )


class RunStore:
    """A folder with one JSON file a run, the workflows' texts and the plugin's storage."""

    def __init__(self, folder: Path) -> None:
        self._runs = folder / "runs"
        self._workflows = folder / "workflows"
        self._values = folder / "plugin-storage"
        for path in (self._runs, self._workflows, self._values):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(f"{folder} is in use by another lab process") from None

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.close()

    def load(self) -> dict[str, Run]:
        """Every run on disk by its id."""
        runs = (_from_json(path.read_text()) for path in sorted(self._runs.glob("*.json")))
        return {run.id: run for run in runs}

    def save(self, run: Run) -> None:
        """Write a run; a crash leaves the old or the new file, never half of one."""
        _write(self._runs / f"{run.id}.json", json.dumps(asdict(run)).encode())

    def keep_workflow(self, workflow_id: str, dsl: str) -> None:
        """A paused run goes on with the text it started from, whatever becomes of the file."""
        path = self._workflows / f"{workflow_id}.yml"
        if not path.exists():
            _write(path, dsl.encode())

    def workflow(self, workflow_id: str) -> str:
        """The text of a version that some run started from."""
        return (self._workflows / f"{workflow_id}.yml").read_text(encoding="utf-8")

    def put_value(self, key: str, value: str | None) -> None:
        """Set a key of the plugin's storage, or delete it."""
        if value is None:
            self._value_path(key).unlink(missing_ok=True)
        else:
            _write(self._value_path(key), value.encode())

    def value(self, key: str) -> str | None:
        """A key of the plugin's storage."""
        path = self._value_path(key)
        return path.read_text() if path.exists() else None

    def _value_path(self, key: str) -> Path:
        return self._values / hashlib.sha256(key.encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
    new.write_bytes(content)
    new.replace(path)


def _from_json(text: str) -> Run:
    fields = json.loads(text)
    fields["nodes"] = [NodeRun(**node) for node in fields["nodes"]]
    fields["forms"] = [Form(**form) for form in fields["forms"]]
    return Run(**fields)
