"""Tool nodes: the engine's tool runtime over the plugin's process."""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphon.model_runtime.entities.llm_entities import LLMUsage
from graphon.nodes.tool.entities import ToolNodeData
from graphon.nodes.tool.exc import ToolRuntimeInvocationError
from graphon.nodes.tool_runtime_entities import (
    ToolRuntimeHandle,
    ToolRuntimeMessage,
    ToolRuntimeParameter,
)
from graphon.runtime import VariablePool
from graphon.variables.template_resolution import convert_template

from lab.plugin_process import Dify, PluginError, PluginProcess


class Plugin:
    """The plugin's process: started when first needed, and anew after it has died."""

    def __init__(self, root: Path, python: str, credentials: Mapping[str, str]) -> None:
        self._root = root
        self._python = python
        self._credentials = credentials
        self._dify: Dify | None = None
        self._process: PluginProcess | None = None
        self._changing = threading.Lock()

    def connect(self, dify: Dify) -> None:
        """Say who answers the plugin's own calls; before its first use."""
        self._dify = dify

    def tool(
        self, provider: str, tool: str, params: Mapping[str, Any], **session: Any
    ) -> list[dict[str, Any]]:
        """Run a tool with the workspace's credentials."""
        return self._use(lambda p: p.tool(provider, tool, params, self._credentials, **session))

    def endpoint(
        self, raw_http: bytes, settings: Mapping[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request to the plugin's endpoints."""
        return self._use(lambda process: process.endpoint(raw_http, settings))

    def close(self) -> None:
        """End the process."""
        with self._changing:
            if self._process:
                self._process.close()
                self._process = None

    def _use[T](self, call: Callable[[PluginProcess], T]) -> T:
        process = self._running()
        try:
            return call(process)
        except PluginError as error:
            if error.error_type == "Exit":
                self._forget(process)
            raise

    def _running(self) -> PluginProcess:
        with self._changing:
            if self._process is None:
                process = PluginProcess(self._root, self._python, dify=self._dify)
                process.wait_ready()
                self._process = process
            return self._process

    def _forget(self, process: PluginProcess) -> None:
        with self._changing:
            if self._process is process:
                process.close()
                self._process = None


class PluginToolRuntime:
    """What graphon asks of a tool's host, for one tool node."""

    def __init__(self, plugin: Plugin, data: ToolNodeData, session: Mapping[str, str]) -> None:
        self._plugin = plugin
        self._data = data
        self._session = session
        schemas: list[Mapping[str, Any]] = (data.model_extra or {}).get("paramSchemas", [])
        self._schemas = {schema["name"]: schema for schema in schemas}

    def get_runtime(
        self,
        *,
        node_id: str,  # noqa: ARG002
        node_data: ToolNodeData,  # noqa: ARG002
        variable_pool: VariablePool | None,
        node_execution_id: str | None = None,  # noqa: ARG002
    ) -> ToolRuntimeHandle:
        """The node's variables are all that a call needs to know."""
        return ToolRuntimeHandle(raw=variable_pool)

    def get_runtime_parameters(
        self,
        *,
        tool_runtime: ToolRuntimeHandle,  # noqa: ARG002
    ) -> Sequence[ToolRuntimeParameter]:
        """The parameters that take workflow variables."""
        return [
            ToolRuntimeParameter(name=name, required=bool(self._schema(name).get("required")))
            for name in self._data.tool_parameters
        ]

    def invoke(
        self,
        *,
        tool_runtime: ToolRuntimeHandle,
        tool_parameters: Mapping[str, Any],
        workflow_call_depth: int,  # noqa: ARG002
        provider_name: str,
    ) -> Generator[ToolRuntimeMessage]:
        """Call the tool; whatever it raises fails the node, so that its error strategy applies."""
        raw = {**self._fixed_values(tool_runtime.raw), **tool_parameters}
        cast = {name: _cast(self._schema(name), value) for name, value in raw.items()}
        params = {name: value for name, value in cast.items() if value is not None}
        provider = provider_name.rsplit("/", 1)[-1]
        try:
            messages = self._plugin.tool(provider, self._data.tool_name, params, **self._session)
        except PluginError as error:
            raise ToolRuntimeInvocationError(_as_dify_says(error, provider_name)) from error
        for message in messages:
            known = {name: message.get(name) for name in ("type", "message", "meta")}
            yield ToolRuntimeMessage.model_validate(known)

    def get_usage(self, *, tool_runtime: ToolRuntimeHandle) -> LLMUsage:  # noqa: ARG002
        """A tool uses no tokens here."""
        return LLMUsage.empty_usage()

    def build_file_reference(self, *, mapping: Mapping[str, Any]) -> Any:  # noqa: ARG002
        """No tool of this plugin makes files."""
        raise ToolRuntimeInvocationError("a tool of this plugin made a file, which none does")

    def _schema(self, name: str) -> Mapping[str, Any]:
        return self._schemas.get(name, {})

    def _fixed_values(self, pool: Any) -> dict[str, Any]:
        """The values set in the editor, with the declared default where the node has none."""
        declared = [s for s in self._schemas.values() if s.get("form") == "form"]
        values: dict[str, Any] = {schema["name"]: schema.get("default") for schema in declared}
        for name, entry in self._data.tool_configurations.items():
            match entry:
                case {"type": "variable", "value": list() as selector}:
                    segment = pool.get(selector)
                    values[name] = segment.to_object() if segment else None
                case {"value": str() as template}:
                    values[name] = convert_template(pool, template).text
                case {"value": value}:
                    values[name] = value
                case value:
                    values[name] = value
        return values


def _as_dify_says(error: PluginError, provider: str) -> str:
    return (
        f"An error occurred in the {provider}, please contact the author of {provider} for help, "
        f"error type: {error.error_type}, error details: {error}"
    )


def _cast(schema: Mapping[str, Any], value: Any) -> Any:
    """A value as the parameter's declared type, as Dify casts it; None where it is left empty."""
    match schema.get("type"):
        case "number" if isinstance(value, str):
            return (float(value) if "." in value else int(value)) if value else None
        case "boolean" if isinstance(value, str):
            return value.strip().lower() in {"true", "1", "yes", "y"}
        case "select" | "dynamic-select" if value == "":
            return None
        case _:
            return value
