"""The `confidence_gate` tool: ask a gate, and hold for the reviewer where the mode says so."""

import time
from collections.abc import Generator
from typing import Any

from dify_plugin import Tool
from dify_plugin.entities import I18nObject, ParameterOption
from dify_plugin.entities.tool import ToolInvokeMessage

from plugin.client import GateClient
from plugin.hold import await_outcome, take_verdict
from plugin.inputs import decision_request, hold_seconds, occurrence, optional, required
from plugin.outputs import gate_variables


class ConfidenceGateTool(Tool):
    """Raises without a valid answer, so that the node's fail-branch leads to a person."""

    def _invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        started = time.monotonic()
        gate = required(tool_parameters, "gate", "choose a gate in the node")
        request = decision_request(tool_parameters)
        hold_until = started + hold_seconds(tool_parameters)
        client = GateClient.from_credentials(self.runtime.credentials)

        run_id = optional(tool_parameters, "run_id")
        decision = client.decide(gate, request, run_id, occurrence(tool_parameters))
        outcome = None
        holds = request.resume is not None and request.resume.mode == "hold"
        if holds and decision.decision == "human_review":
            outcome = await_outcome(client, decision.decision_id, hold_until)
            if outcome is not None and run_id is not None:
                take_verdict(client, decision.decision_id, run_id)

        for name, value in gate_variables(decision, outcome, request.ai_result).items():
            yield self.create_variable_message(name, value)

    def _fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        if parameter != "gate":
            raise ValueError(f"{parameter} has no list of choices")
        gates = GateClient.from_credentials(self.runtime.credentials).gates().gates
        return [
            ParameterOption(value=gate.name, label=I18nObject(en_us=gate.name)) for gate in gates
        ]
