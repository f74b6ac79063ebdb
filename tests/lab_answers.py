"""What Dify's Service API and the lab's own routes answer, as far as the tests read it."""

from typing import Any, NotRequired, TypedDict


class AskedForm(TypedDict):
    """A form that a paused run waits for; it has no token where it goes by mail alone."""

    TYPE: str
    form_token: str | None
    form_content: str
    resolved_default_values: dict[str, str]


class RunData(TypedDict):
    """How a run stands, at its end or at its form."""

    id: str
    status: str
    outputs: dict[str, Any]
    error: str | None
    finished_at: int | None
    reasons: NotRequired[list[AskedForm]]
    paused_nodes: NotRequired[list[str]]


class RunAnswer(TypedDict):
    """The answer to a blocking call."""

    workflow_run_id: str
    data: RunData


class Event(TypedDict):
    """One event of a run's stream; a ping has no data."""

    event: str
    data: NotRequired[dict[str, Any]]


class LabApp(TypedDict):
    """An app of the lab: `GET /lab/apps`."""

    name: str
    app_id: str
    webhook: str | None


class LabForm(TypedDict):
    """A form of a run in the lab."""

    node_id: str
    token: str | None
    status: str
    inputs: list[dict[str, Any]]


class LabRun(TypedDict):
    """A run as the lab itself knows it: `GET /lab/runs`."""

    id: str
    app: str
    origin: str
    status: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    forms: list[LabForm]
    resume_due: bool
