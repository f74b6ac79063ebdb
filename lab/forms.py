"""Human Input forms: opened by a paused node, answered or expired once."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from graphon.runtime import VariablePool
from graphon.variables.template_resolution import convert_template

from lab.errors import ServiceApiError

HOUR, DAY = 3600.0, 86_400.0
TIMEOUT_HANDLE = "__timeout"


@dataclass(kw_only=True)
class Form:
    """One form. `token` is None where the node has no web app delivery. Times in epoch seconds."""

    id: str
    token: str | None
    node_id: str
    node_title: str
    content: str
    inputs: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    defaults: dict[str, Any]
    created_at: float
    expires_at: float
    status: Literal["waiting", "submitted", "timeout"] = "waiting"
    action: str = ""
    answers: dict[str, Any] = field(default_factory=dict)

    def ensure_active(self) -> None:
        """412 once it is submitted or expired."""
        if self.status == "submitted":
            raise ServiceApiError(
                412,
                "human_input_form_submitted",
                f"This form has already been submitted by another user, form_id={self.id}",
            )
        if self.status == "timeout" or self.expires_at <= time.time():
            raise ServiceApiError(
                412, "human_input_form_expired", f"This form has expired, form_id={self.id}"
            )

    def submit(self, action: str, answers: Mapping[str, Any]) -> None:
        """Take the answer for good; 400 without every declared input or with an unknown action."""
        self.ensure_active()
        if action not in {known["id"] for known in self.actions}:
            raise _invalid(f"Invalid action: {action}")
        names = [declared["output_variable_name"] for declared in self.inputs]
        if missing := [name for name in names if name not in answers]:
            raise _invalid(f"Missing required inputs: {', '.join(missing)}")
        for declared in self.inputs:
            _check_answer(declared, answers[declared["output_variable_name"]])
        self.status = "submitted"
        self.action = action
        self.answers = {name: answers[name] for name in names}

    @property
    def action_title(self) -> str:
        """The chosen button's text."""
        return next((known["title"] for known in self.actions if known["id"] == self.action), "")

    def rendered(self) -> str:
        """The content with the answers in their slots."""
        text = self.content
        for name, value in self.answers.items():
            text = text.replace("{{#$output." + name + "#}}", str(value))
        return text


def open_form(node_id: str, data: Mapping[str, Any], pool: VariablePool) -> Form:
    """The form that a Human Input node shows, with the run's variables filled in."""
    now = time.time()
    unit = HOUR if data.get("timeout_unit", "hour") == "hour" else DAY
    return Form(
        id=str(uuid.uuid4()),
        token=uuid.uuid4().hex[:22] if _on_web(data.get("delivery_methods", [])) else None,
        node_id=node_id,
        node_title=data["title"],
        content=convert_template(pool, data.get("form_content", "")).markdown,
        inputs=list(data.get("inputs", [])),
        actions=list(data.get("user_actions", [])),
        defaults=_defaults(data.get("inputs", []), pool),
        created_at=now,
        expires_at=now + data.get("timeout", 36) * unit,
    )


def _on_web(deliveries: Sequence[Mapping[str, Any]]) -> bool:
    return any(way["type"] == "webapp" and way.get("enabled", True) for way in deliveries)


def _defaults(inputs: Sequence[Mapping[str, Any]], pool: VariablePool) -> dict[str, Any]:
    values = {}
    for declared in inputs:
        match declared.get("default"):
            case {"type": "constant", "value": value}:
                values[declared["output_variable_name"]] = value
            case {"type": "variable", "selector": selector}:
                if (segment := pool.get(selector)) is not None:
                    values[declared["output_variable_name"]] = segment.to_object()
    return values


def _check_answer(declared: Mapping[str, Any], value: Any) -> None:
    name = declared["output_variable_name"]
    if declared["type"] in {"paragraph", "select"} and not isinstance(value, str):
        raise _invalid(f"Invalid value for {name}: expected a string")
    options = declared.get("option_source", {}).get("value", [])
    if declared["type"] == "select" and value not in options:
        raise _invalid(f"Invalid value for {name}: not one of the options")


def _invalid(message: str) -> ServiceApiError:
    return ServiceApiError(400, "invalid_form_data", message)
