"""A workflow app: the exported DSL, its identity, and the inputs its start node declares."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml
from graphon.dsl import DslError
from graphon.dsl import inspect as inspect_dsl

from lab.errors import invalid_param

DSL_VERSION = (0, 6, 0)
"""What Dify 1.15 writes; it asks for a confirmation before it takes anything newer."""
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "confidence-gate-lab")
TRIGGER_WEBHOOK = "trigger-webhook"
TEXT_TYPES = {"text-input", "paragraph"}


class ImportRefused(ValueError):
    """A DSL file that Dify would not import, or that holds no workflow."""


def stable_id(kind: str, *parts: str) -> str:
    """The same parts give the same id in every process."""
    return str(uuid.uuid5(NAMESPACE, "/".join((kind, *parts))))


@dataclass(frozen=True, kw_only=True)
class App:
    """One published app. Its `workflow_id` changes with the DSL text, as a new version would."""

    name: str
    dsl: str
    graph: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, Any] = field(repr=False)
    start: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, name: str, path: Path) -> Self:
        """Import a file; ImportRefused where Dify would refuse it."""
        try:
            return cls.parse(name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError) as error:
            raise ImportRefused(f"{path}: {error}") from error

    @classmethod
    def parse(cls, name: str, dsl: str) -> Self:
        """Import DSL text."""
        try:
            document = inspect_dsl(dsl).document
        except DslError as error:
            raise ImportRefused(f"{name}: {error}") from error
        _check_version(name, dsl)
        if document.graph_config is None:
            raise ImportRefused(f"{name}: holds no workflow")
        variables = document.runtime_variables.environment_variables
        return cls(
            name=name,
            dsl=dsl,
            graph=document.graph_config,
            environment={variable.name: variable.value for variable in variables},
            start=_start_node(name, document.graph_config),
        )

    @property
    def id(self) -> str:
        """The app's id, which the plugin's app selector holds."""
        return stable_id("app", self.name)

    @property
    def workflow_id(self) -> str:
        """The id of this version of the workflow."""
        return stable_id("workflow", self.name, self.dsl)

    @property
    def start_id(self) -> str:
        """The node the run begins with."""
        return str(self.start["id"])

    @property
    def webhook_id(self) -> str | None:
        """The address of the webhook trigger, where the app starts with one."""
        if self.start["data"]["type"] != TRIGGER_WEBHOOK:
            return None
        return stable_id("webhook", self.name, self.start_id).replace("-", "")[:24]

    @property
    def uses_tools(self) -> bool:
        """Whether the plugin has to run."""
        return any(node["data"]["type"] == "tool" for node in self.graph["nodes"])

    def accept(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs that the start node declares, checked as Dify does; others are dropped."""
        declared = self.start["data"].get("variables", [])
        return {item["variable"]: _accept_one(item, inputs) for item in declared}


def _accept_one(declared: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    name = declared["variable"]
    value = inputs.get(name)
    if value is None or value == "":
        if declared.get("required"):
            raise invalid_param(f"{name} is required in input form")
        return value if value is not None else declared.get("default")
    kind = declared["type"]
    if kind in TEXT_TYPES or kind == "select":
        if not isinstance(value, str):
            raise invalid_param(f"(type '{kind}') {name} in input form must be a string")
        limit = declared.get("max_length")
        if kind in TEXT_TYPES and limit and len(value) > limit:
            raise invalid_param(f"{name} in input form must be less than {limit} characters")
        if kind == "select" and value not in declared.get("options", []):
            raise invalid_param(f"{name} in input form must be one of {declared.get('options')}")
    if kind == "number":
        return _number(name, value)
    return value


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if "." in value else int(value)
    except (TypeError, ValueError):
        raise invalid_param(f"{name} in input form must be a valid number") from None


def _check_version(name: str, dsl: str) -> None:
    version = yaml.safe_load(dsl).get("version")
    if not isinstance(version, str):
        raise ImportRefused(f"{name}: the DSL version must be a string, not {version!r}")
    try:
        newer = tuple(int(part) for part in version.split(".")) > DSL_VERSION
    except ValueError:
        raise ImportRefused(f"{name}: {version!r} is no DSL version") from None
    if newer:
        known = ".".join(map(str, DSL_VERSION))
        raise ImportRefused(f"{name}: DSL {version} is newer than {known}")


def _start_node(name: str, graph: Mapping[str, Any]) -> Mapping[str, Any]:
    nodes: list[Mapping[str, Any]] = graph["nodes"]
    starts = [n for n in nodes if n["data"]["type"] in {"start", TRIGGER_WEBHOOK}]
    if len(starts) != 1:
        raise ImportRefused(f"{name}: needs one start node or webhook trigger, has {len(starts)}")
    return starts[0]
