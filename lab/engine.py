"""An app and a run, turned into an engine that executes it: graphon, the engine of Dify itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphon.dsl.entities import DslCredentials
from graphon.dsl.node_factory import SlimDslNodeFactory
from graphon.engine import Engine
from graphon.enums import BuiltinNodeTypes, NodeExecutionType
from graphon.graph.graph import Graph
from graphon.nodes.base.node import Node
from graphon.nodes.human_input.entities import (
    Completed,
    Expired,
    HITLContext,
    HITLDecision,
    HumanInputNodeData,
    PauseRequested,
)
from graphon.nodes.human_input.human_input_node import HumanInputNode
from graphon.nodes.start import StartNode
from graphon.nodes.start.entities import StartNodeData
from graphon.nodes.tool.entities import ToolNodeData
from graphon.nodes.tool.tool_node import ToolNode
from graphon.runtime import InitParams, RuntimeState, VariablePool
from graphon.variables.factory import build_segment

from lab.apps import TRIGGER_WEBHOOK, App, stable_id
from lab.forms import TIMEOUT_HANDLE, Form
from lab.plugin_tools import Plugin, PluginToolRuntime
from lab.runs import Run

type FormOpener = Callable[[str, Mapping[str, Any], VariablePool], Form]
"""The form of a node: the one it has opened in this run, else a new one."""


class TriggerWebhookNode(StartNode):
    """A start node whose inputs came by webhook."""

    node_type = TRIGGER_WEBHOOK


@dataclass
class LabNodeFactory(SlimDslNodeFactory):
    """Adds what graphon leaves to its host: plugin tools, forms, triggers."""

    plugin: Plugin
    open_form: FormOpener
    session: Mapping[str, str]

    def validate_node(self, node_config: Any) -> NodeExecutionType:
        """How a node takes part in the graph."""
        match self._node_request(node_config).node_type:
            case BuiltinNodeTypes.TOOL:
                return NodeExecutionType.EXECUTABLE
            case BuiltinNodeTypes.HUMAN_INPUT:
                return NodeExecutionType.BRANCH
            case "trigger-webhook":
                return NodeExecutionType.ROOT
            case _:
                return SlimDslNodeFactory.validate_node(self, node_config)

    def create_node(self, node_config: Any) -> Node[Any]:
        """Build a node of any kind that the lab knows."""
        request = self._node_request(node_config)
        common: dict[str, Any] = {
            "node_id": request.node_id,
            "init_params": self.init_params,
            "runtime_state": self.runtime_state,
        }
        match request.node_type:
            case BuiltinNodeTypes.TOOL:
                data = ToolNodeData.model_validate(request.data_payload)
                runtime = PluginToolRuntime(self.plugin, data, self.session)
                return ToolNode(
                    data=data,
                    runtime=runtime,
                    tool_file_manager=None,  # type: ignore[arg-type]  # no tool here makes files
                    **common,
                )
            case BuiltinNodeTypes.HUMAN_INPUT:
                return HumanInputNode(
                    data=HumanInputNodeData.model_validate(request.data_payload),
                    hitl_callback=self._ask(request.data_payload),
                    **common,
                )
            case "trigger-webhook":
                title = request.data_payload["title"]
                return TriggerWebhookNode(
                    data=StartNodeData(type=TRIGGER_WEBHOOK, title=title, variables=[]), **common
                )
            case _:
                return SlimDslNodeFactory.create_node(self, node_config)

    def _ask(self, data: Mapping[str, Any]) -> Callable[[HITLContext], HITLDecision]:
        def decide(context: HITLContext) -> HITLDecision:
            form = self.open_form(context.node_id, data, self.runtime_state.variable_pool)
            special = {
                "__action_id": build_segment(form.action),
                "__action_value": build_segment(form.action_title),
                "__rendered_content": build_segment(form.rendered()),
            }
            match form.status:
                case "waiting":
                    return PauseRequested(session_id=form.id)
                case "timeout":
                    return Expired(selected_handle=TIMEOUT_HANDLE, outputs=special)
                case "submitted":
                    answers = {name: build_segment(v) for name, v in form.answers.items()}
                    return Completed(
                        selected_handle=form.action, inputs=answers, outputs={**answers, **special}
                    )

        return decide


def system_variables(run: Run, app: App) -> dict[str, Any]:
    """The `sys.*` variables that Dify gives to a workflow's run."""
    return {
        "user_id": run.user,
        "app_id": app.id,
        "workflow_id": run.workflow_id,
        "workflow_run_id": run.id,
        "timestamp": int(run.created_at),
        "files": [],
    }


def build_engine(
    run: Run, app: App, *, plugin: Plugin, open_form: FormOpener
) -> tuple[Engine, RuntimeState]:
    """An engine at the run's beginning or, with a snapshot, where the pause left it."""
    if run.snapshot is None:
        state = RuntimeState(
            variable_pool=_variables(run, app), start_at=time.time(), workflow_id=run.workflow_id
        )
    else:
        state = RuntimeState.from_snapshot(run.snapshot)
    params = InitParams(
        workflow_id=run.workflow_id,
        graph_config=app.graph,
        run_context={"workflow_run_id": run.id},
        call_depth=0,
    )
    factory = LabNodeFactory(
        graph_config=app.graph,
        init_params=params,
        runtime_state=state,
        credentials=DslCredentials(),
        dependencies=[],
        plugin=plugin,
        open_form=open_form,
        session={"app_id": app.id, "user_id": stable_id("end-user", run.user)},
    )
    graph = Graph.init(graph_config=app.graph, node_factory=factory, root_node_id=app.start_id)
    return Engine(graph=graph, runtime_state=state, workers=2), state


def _variables(run: Run, app: App) -> VariablePool:
    pool = VariablePool()
    for name, value in system_variables(run, app).items():
        pool.add(("sys", name), value)
    for name, value in app.environment.items():
        pool.add(("env", name), value)
    for name, value in run.inputs.items():
        pool.add((app.start_id, name), value)
    return pool
