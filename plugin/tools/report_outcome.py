"""The `report_outcome` tool: tell the service what turned out to be right."""

from collections.abc import Generator
from typing import Any

from dify_plugin import Tool
from dify_plugin.entities.tool import ToolInvokeMessage

from plugin.client import GateClient
from plugin.inputs import outcome_request


class ReportOutcomeTool(Tool):
    """A chargeback, an appeal, a complaint: the truth that the gate learns from."""

    def _invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        outcome = outcome_request(tool_parameters)
        recorded = GateClient.from_credentials(self.runtime.credentials).report(outcome).recorded
        yield self.create_variable_message("recorded", recorded)
