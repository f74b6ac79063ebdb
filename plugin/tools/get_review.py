"""The `get_review` tool: take the verdict of a review, exactly once per decision."""

from collections.abc import Generator
from typing import Any

from dify_plugin import Tool
from dify_plugin.entities.tool import ToolInvokeMessage

from plugin.client import GateClient
from plugin.errors import BadInput
from plugin.inputs import optional, required
from plugin.outputs import review_variables


class GetReviewTool(Tool):
    """The first run that takes a final verdict gets it; every later run is told `duplicate`."""

    def _invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        decision_id = optional(tool_parameters, "decision_id")
        task_id = optional(tool_parameters, "review_task_id")
        run_id = required(tool_parameters, "run_id", "map sys.workflow_run_id")
        client = GateClient.from_credentials(self.runtime.credentials)

        if decision_id:
            taken = client.take("decisions", decision_id, run_id)
        elif task_id:
            taken = client.take("tasks", task_id, run_id)
        else:
            raise BadInput("Give decision_id or review_task_id: both are missing.")

        for name, value in review_variables(taken).items():
            yield self.create_variable_message(name, value)
