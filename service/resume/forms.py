"""Which waiting form is ours, and what to write into it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plugin.contract.deliveries import ResumeMessage
from service.domain.ids import TaskId
from service.domain.values import Json
from service.ports.resumer import DeliveryDead
from service.resume.dify_api import DifyRefused, FormDefinition, FormInput
from service.resume.reasons import dead, quoted
from service.resume.trace import WaitingForm, names, names_another


@dataclass(frozen=True, kw_only=True)
class ReadForm:
    """A form that the run waits for, as it reads now: open, or closed with Dify's reason."""

    form: WaitingForm
    definition: FormDefinition | None = None
    closed: DifyRefused | None = None

    @property
    def contents(self) -> tuple[str, ...]:
        """What it shows. The event's text may lack the values that the form itself has."""
        shown = (self.definition.content,) if self.definition is not None else ()
        return (self.form.content, *shown)

    def names(self, task_id: TaskId) -> bool:
        return any(names(content, task_id) for content in self.contents)

    def names_another(self, task_id: TaskId) -> bool:
        return any(names_another(content, task_id) for content in self.contents)


def choose(forms: Sequence[ReadForm], task_id: TaskId, *, others_done: bool) -> ReadForm | None:
    """Our form: the one whose content holds the task id, else the only waiting one.

    None where every form belongs to another task: ours waits no more. A form without any id is
    never taken for ours when a form of this run is known to be done (`others_done`): that may have
    been ours. Raises DeliveryDead (`ambiguous_form`) where it cannot be told.
    """
    ours = [form for form in forms if form.names(task_id)]
    if len(ours) == 1:
        return ours[0]
    if not ours and all(form.names_another(task_id) for form in forms):
        return None
    if not ours and len(forms) == 1 and not others_done:
        return forms[0]
    raise _ambiguous(forms)


def _ambiguous(forms: Sequence[ReadForm]) -> DeliveryDead:
    nodes = quoted(", ".join(form.form.node_id for form in forms))
    return dead(
        "ambiguous_form",
        f"It cannot be told which form is ours (the run waits at {nodes}). "
        "Print the review task's id in the form's content.",
    )


def answers(inputs: Sequence[FormInput], message: ResumeMessage) -> Mapping[str, Json]:
    """A value for every declared input: ours for the names we know, else the input's default.

    Raises DeliveryDead for an input that has no default and cannot be left empty.
    """
    ours = {
        "comment": message.comment or "",
        "edited_result": as_text(message.edited_result),
        "reviewer": message.reviewer or "",
    }
    return {i.name: ours[i.name] if i.name in ours else _default(i) for i in inputs}


def as_text(value: Json) -> str:
    """A JSON value for a text field: text as it is, nothing as nothing, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _default(declared: FormInput) -> Json:
    if declared.default is not None:
        return declared.default
    match declared.type:
        case "paragraph":
            return ""
        case "file-list":
            return []
        case _:
            raise dead(
                "no_default",
                f'The form demands "{quoted(declared.name)}" ({quoted(declared.type)}), which has '
                "no default. Answer this form in Dify, or take the input out.",
            )
