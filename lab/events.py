"""What Dify's Service API says of a run: stream events, blocking answers, details."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from graphon.workflow_type_encoder import WorkflowRuntimeTypeConverter

from lab.apps import App, stable_id
from lab.engine import system_variables
from lab.forms import Form
from lab.runs import NodeRun, Run

type Event = dict[str, Any]

PING = "event: ping\n\n"


def sse(event: Event) -> str:
    """An event as a server-sent one."""
    return f"data: {json.dumps(event)}\n\n"


def encodable(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """The engine's values as plain JSON."""
    return dict(WorkflowRuntimeTypeConverter().to_json_encodable(values or {}))


def workflow_started(run: Run, app: App, reason: str = "initial") -> Event:
    """The run begins, or goes on after a pause with the reason `resumption`."""
    return _event(
        run,
        "workflow_started",
        id=run.id,
        workflow_id=run.workflow_id,
        inputs=all_inputs(run, app),
        created_at=int(run.created_at),
        reason=reason,
    )


def all_inputs(run: Run, app: App) -> dict[str, Any]:
    """The start node's inputs and, as Dify mixes them in, the system variables."""
    system = system_variables(run, app).items()
    return {**run.inputs, **{f"sys.{name}": value for name, value in system}}


def node_started(run: Run, node: NodeRun) -> Event:
    """A node begins."""
    return _event(
        run,
        "node_started",
        **_node(node),
        predecessor_node_id=None,
        inputs=None,
        created_at=int(node.started_at),
        extras={},
    )


def node_finished(run: Run, node: NodeRun, result: Any = None) -> Event:
    """A node ends; without a result, as the replayed snapshot tells it: no values, no error."""
    finished_at = node.finished_at or node.started_at
    return _event(
        run,
        "node_finished",
        **_node(node),
        predecessor_node_id=None,
        inputs=encodable(result.inputs) if result else None,
        process_data=encodable(result.process_data) if result else None,
        outputs=encodable(result.outputs) if result else None,
        status=node.status,
        error=(result.error or None) if result else None,
        elapsed_time=round(finished_at - node.started_at, 6),
        execution_metadata=None,
        created_at=int(node.started_at),
        finished_at=int(finished_at),
        files=[],
    )


def node_retry(run: Run, node: NodeRun, retry: Any) -> Event:
    """A node failed and is tried again."""
    told = node_finished(run, node, retry.node_run_result)
    data = {**told["data"], "status": "retry", "error": retry.error}
    return {**told, "event": "node_retry", "data": {**data, "retry_index": retry.retry_index}}


def human_input_required(run: Run, form: Form) -> Event:
    """A form waits; its token is null where the form is not on the web."""
    return _event(run, "human_input_required", **_form(form))


def human_input_form_filled(run: Run, form: Form) -> Event:
    """A form's answer is taken up by the run."""
    return _event(
        run,
        "human_input_form_filled",
        node_id=form.node_id,
        node_title=form.node_title,
        rendered_content=form.rendered(),
        action_id=form.action,
        action_text=form.action_title,
    )


def human_input_form_timeout(run: Run, form: Form) -> Event:
    """The run goes on without an answer."""
    return _event(
        run,
        "human_input_form_timeout",
        node_id=form.node_id,
        node_title=form.node_title,
        expiration_time=int(form.expires_at),
    )


def workflow_paused(run: Run) -> Event:
    """The run waits for its forms. The live stream says so before the pause is stored."""
    return _event(run, "workflow_paused", workflow_run_id=run.id, **_pause(run))


def workflow_finished(run: Run) -> Event:
    """The run's end, whatever it was."""
    return _event(
        run,
        "workflow_finished",
        id=run.id,
        workflow_id=run.workflow_id,
        status=run.status,
        outputs=run.outputs or {},
        error=run.error,
        elapsed_time=run.elapsed,
        total_tokens=0,
        total_steps=len(run.nodes),
        created_by={"id": stable_id("end-user", run.user), "user": run.user},
        created_at=int(run.created_at),
        finished_at=int(run.finished_at or time.time()),
        files=[],
        exceptions_count=sum(node.status == "exception" for node in run.nodes),
    )


def snapshot(run: Run, app: App) -> Sequence[Event]:
    """The replay of a run that has not finished. It never tells that a form was filled, and lists
    a node that pauses as finished, with the status `paused`."""
    events = [workflow_started(run, app)]
    for node in run.nodes:
        events.append(node_started(run, node))
        if node.status != "running":
            events.append(node_finished(run, node))
    if run.status == "paused":
        events += [human_input_required(run, form) for form in run.pause_forms()]
        events.append(workflow_paused(run))
    return events


def blocking_answer(run: Run, closing: Event) -> Event:
    """The answer of a blocking call, from the event that ended the wait."""
    common = {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "outputs": closing["data"]["outputs"],
        "error": closing["data"].get("error"),
        "total_tokens": 0,
        "created_at": int(run.created_at),
    }
    told = ("status", "elapsed_time", "total_steps", "paused_nodes", "reasons", "finished_at")
    rest = {name: closing["data"].get(name) for name in told if name in closing["data"]}
    data = {**common, **rest, "finished_at": rest.get("finished_at")}
    return {"task_id": run.task_id, "workflow_run_id": run.id, "data": data}


def run_detail(run: Run, app: App) -> dict[str, Any]:
    """The answer of `GET /workflows/run/{id}`: no token in it."""
    return {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "status": run.status,
        "inputs": all_inputs(run, app),
        "outputs": run.outputs or {},
        "error": run.error,
        "total_steps": len(run.nodes),
        "total_tokens": 0,
        "created_at": int(run.created_at),
        "finished_at": int(run.finished_at) if run.finished_at else None,
        "elapsed_time": run.elapsed,
    }


def form_definition(form: Form) -> dict[str, Any]:
    """The answer of `GET /form/human_input/{token}`: defaults are text here."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in form.defaults.items()
    }
    return {
        "form_content": form.content,
        "inputs": form.inputs,
        "resolved_default_values": texts,
        "user_actions": form.actions,
        "expiration_time": int(form.expires_at),
    }


def _event(run: Run, name: str, /, **data: Any) -> Event:
    return {"event": name, "task_id": run.task_id, "workflow_run_id": run.id, "data": data}


def _node(node: NodeRun) -> dict[str, Any]:
    return {
        "id": node.id,
        "node_id": node.node_id,
        "node_type": node.node_type,
        "title": node.title,
        "index": node.index,
        "iteration_id": None,
        "loop_id": None,
    }


def _form(form: Form) -> dict[str, Any]:
    return {
        "form_id": form.id,
        "node_id": form.node_id,
        "node_title": form.node_title,
        "form_content": form.content,
        "inputs": form.inputs,
        "actions": form.actions,
        "display_in_ui": form.token is not None,
        "form_token": form.token,
        "resolved_default_values": form.defaults,
        "expiration_time": int(form.expires_at),
    }


def _pause(run: Run) -> dict[str, Any]:
    forms = run.pause_forms()
    return {
        "paused_nodes": [form.node_id for form in forms],
        "outputs": {},
        "reasons": [{"TYPE": "human_input_required", **_form(form)} for form in forms],
        "status": "paused",
        "created_at": int(run.created_at),
        "elapsed_time": run.elapsed,
        "total_tokens": 0,
        "total_steps": len(run.nodes),
    }
