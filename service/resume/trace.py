"""What the events of a run tell about its forms. Pure: events in, facts out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.resume.dify_api import RunState
from service.resume.feed import DifyEvent


@dataclass(frozen=True, kw_only=True)
class WaitingForm:
    """A form that a run waits for. No token: it is not on the web, only sent by e-mail."""

    node_id: str
    form_id: str
    token: str | None
    content: str

    def is_same(self, other: "WaitingForm") -> bool:
        """The same form in two readings: tokens may differ by reader, ids do not."""
        if self.form_id and other.form_id:
            return self.form_id == other.form_id
        return (self.node_id, self.token) == (other.node_id, other.token)


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """A form whose answer the run has taken up."""

    node_id: str
    action: str
    content: str


@dataclass(kw_only=True)
class Trace:
    """The facts of one stretch of a run's events."""

    waiting: list[WaitingForm] = field(default_factory=list)
    """The forms of the pause that was told of last."""
    paused: bool = False
    filled: list[FilledForm] = field(default_factory=list)
    timed_out_nodes: set[str] = field(default_factory=set)
    forms_done: dict[str, str] = field(default_factory=dict)
    """Human Input nodes that succeeded: the execution's id to the node's."""
    end: RunState | None = None

    def has_halted(self) -> bool:
        """The run waits or has ended: nothing follows by itself."""
        return self.paused or self.end is not None

    def add(self, event: DifyEvent) -> None:
        """Take one event in; kinds that tell nothing of forms are passed over."""
        data = event.get("data")
        if not isinstance(data, dict):
            return
        match event["event"]:
            case "workflow_started" | "node_started":
                self._went_on()
            case "human_input_required":
                self._went_on()
                self._wait_for(data)
            case "workflow_paused":
                reasons = data.get("reasons")
                for reason in reasons if isinstance(reasons, list) else []:
                    if isinstance(reason, dict) and reason.get("TYPE") == "human_input_required":
                        self._wait_for(reason)
                self.paused = True
            case "human_input_form_filled":
                self.filled.append(
                    FilledForm(
                        node_id=_text(data, "node_id"),
                        action=_text(data, "action_id"),
                        content=_text(data, "rendered_content"),
                    )
                )
            case "human_input_form_timeout":
                self.timed_out_nodes.add(_text(data, "node_id"))
            case "node_finished":
                # A replay tells of a node that waits as finished, with the status `paused`.
                if (data.get("node_type"), data.get("status")) == ("human-input", "succeeded"):
                    self.forms_done[_text(data, "id")] = _text(data, "node_id")
            case "workflow_finished":
                outputs = data.get("outputs")
                self.end = RunState(
                    status=_text(data, "status"),
                    outputs=outputs if isinstance(outputs, dict) else {},
                )
            case _:
                pass

    def _went_on(self) -> None:
        if self.paused:
            self.paused = False
            self.waiting.clear()

    def _wait_for(self, data: Mapping[str, Any]) -> None:
        form = WaitingForm(
            node_id=_text(data, "node_id"),
            form_id=_text(data, "form_id"),
            token=_text(data, "form_token") or None,
            content=_text(data, "form_content"),
        )
        if form.node_id and not any(form.is_same(known) for known in self.waiting):
            self.waiting.append(form)


BEFORE, AFTER = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9_-])"
"""An id's borders. Word borders would not do: Chinese text puts letters right next to an id."""


def names(content: str, task_id: str) -> bool:
    """Whether a text holds this review task's id, and not merely as a part of a longer one."""
    return re.search(BEFORE + re.escape(task_id) + AFTER, content) is not None


def names_another(content: str, task_id: str) -> bool:
    """Whether a text holds the id of another review task: then the form is that task's."""
    found = re.findall(BEFORE + "tsk_[0-9a-f]{16,}" + AFTER, content)
    return any(other != task_id for other in found)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
