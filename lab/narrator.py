"""Follows the engine through one stretch of a run and tells it in Dify's events."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from graphon.engine_events import (
    EngineEvent,
    GraphRunAbortedEvent,
    GraphRunFailedEvent,
    GraphRunPartialSucceededEvent,
    GraphRunPausedEvent,
    GraphRunSucceededEvent,
    NodeRunExceptionEvent,
    NodeRunFailedEvent,
    NodeRunPauseRequestedEvent,
    NodeRunRetryEvent,
    NodeRunStartedEvent,
    NodeRunSucceededEvent,
)
from graphon.entities.pause_reason import HitlRequired
from graphon.enums import BuiltinNodeTypes

from lab import events
from lab.events import Event
from lab.runs import NodeRun, Run, Status

logger = logging.getLogger(__name__)


class Narrator:
    """Keeps the run's nodes up to date. After the last event it knows how the stretch ended."""

    def __init__(self, run: Run, silent_about_answers: Callable[[], bool]) -> None:
        self.paused = False
        self.status: Status = "failed"
        self.error: str | None = None
        self.outputs: dict[str, Any] = {}
        self._run = run
        self._silent = silent_about_answers

    def tell(self, event: EngineEvent) -> Iterator[Event]:
        """The events that a stream shows for one event of the engine."""
        match event:
            case NodeRunRetryEvent():
                yield events.node_retry(self._run, self._node(event.id), event)
            case NodeRunStartedEvent():
                yield events.node_started(self._run, self._begin(event))
            case NodeRunPauseRequestedEvent():
                self._finish(event.id, "paused")
            case NodeRunSucceededEvent():
                yield from self._answer(event)
                yield self._told(event, "succeeded")
            case NodeRunFailedEvent():
                yield self._told(event, "failed")
            case NodeRunExceptionEvent():
                yield self._told(event, "exception")
            case GraphRunPausedEvent():
                yield from self._pause(event)
            case GraphRunSucceededEvent():
                self._ended("succeeded", event.outputs)
            case GraphRunPartialSucceededEvent():
                self._ended("partial-succeeded", event.outputs)
            case GraphRunAbortedEvent():
                self._ended("stopped", event.outputs)
                self.error = event.reason
            case GraphRunFailedEvent():
                self._ended("failed", {})
                self.error = event.error

    def broke(self, error: Exception) -> None:
        """The engine raised. After a failed node it does so too, when all has been told."""
        if self.error is None:
            logger.error("run %s broke", self._run.id, exc_info=error)
            self.error = str(error)
        self.paused = False
        self._ended("failed", {})

    def _begin(self, event: NodeRunStartedEvent) -> NodeRun:
        node = self._paused_node(event.node_id)
        if node is None:
            node = NodeRun(
                id=event.id,
                node_id=event.node_id,
                node_type=event.node_type,
                title=event.node_title,
                index=len(self._run.nodes) + 1,
                status="running",
                started_at=time.time(),
            )
            self._run.nodes.append(node)
        node.id, node.status, node.finished_at = event.id, "running", None
        return node

    def _paused_node(self, node_id: str) -> NodeRun | None:
        """A node that goes on after its pause is the same execution."""
        for node in self._run.nodes:
            if node.node_id == node_id and node.status == "paused":
                return node
        return None

    def _finish(self, execution_id: str, status: str) -> NodeRun:
        node = self._node(execution_id)
        node.status, node.finished_at = status, time.time()
        return node

    def _node(self, execution_id: str) -> NodeRun:
        return next(node for node in self._run.nodes if node.id == execution_id)

    def _told(self, event: Any, status: str) -> Event:
        return events.node_finished(
            self._run, self._finish(event.id, status), event.node_run_result
        )

    def _answer(self, event: NodeRunSucceededEvent) -> Iterator[Event]:
        if event.node_type != BuiltinNodeTypes.HUMAN_INPUT:
            return
        form = self._run.form_of(event.node_id)
        if form and form.status == "timeout":
            yield events.human_input_form_timeout(self._run, form)
        elif form and not self._silent():
            yield events.human_input_form_filled(self._run, form)

    def _pause(self, event: GraphRunPausedEvent) -> Iterator[Event]:
        self.paused = True
        reasons = [reason for reason in event.reasons if isinstance(reason, HitlRequired)]
        self._run.paused_on = [reason.session_id for reason in reasons]
        for form in self._run.pause_forms():
            yield events.human_input_required(self._run, form)
        yield events.workflow_paused(self._run)

    def _ended(self, status: Status, outputs: dict[str, Any]) -> None:
        self.status = status
        self.outputs = events.encodable(outputs)
