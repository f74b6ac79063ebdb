"""What a caller asks a gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.domain.decision import Item, Reason, Resume, ResumeMode, RiskLevel
from service.domain.errors import InvalidInput, UnknownApp
from service.domain.gate import GatePolicy
from service.domain.values import Json


@dataclass(frozen=True, kw_only=True)
class DecisionOrder:
    """A resume field that is None is filled in by the gate's policy.

    `signals_unreadable` is what came in the place of signals, `text_missing` says that the caller
    had no text where there should be one.
    """

    gate: str
    item: Item
    ai_result: Json = None
    signals: Mapping[str, Any] | None = None
    category: str | None = None
    risk_level: RiskLevel = RiskLevel.MEDIUM
    resume_mode: ResumeMode | None = None
    resume_app: str | None = None
    run_id: str | None = None
    user: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    signals_unreadable: str | None = None
    text_missing: bool = False

    @property
    def unjudgeable(self) -> Reason | None:
        """Why no confidence can be found, whatever the gate's model would say of what there is."""
        if self.text_missing:
            return Reason.TEXT_MISSING
        return None if self.signals_unreadable is None else Reason.SIGNALS_UNREADABLE


def resume_of(order: DecisionOrder, policy: GatePolicy) -> Resume:
    """How the order's verdict gets back to who asked, the gate's policy filling in what the order
    leaves open. Raises UnknownApp, and InvalidInput where a native form lacks its run."""
    mode = order.resume_mode or policy.resume.mode
    app = order.resume_app or policy.resume.app
    if order.resume_app is not None and order.resume_app not in policy.apps:
        raise UnknownApp(f"{order.resume_app!r} is not one of the apps of gate {policy.gate!r}.")
    if mode.delivers and app is None:
        raise UnknownApp(f"resume.mode {mode} needs an app, and gate {policy.gate!r} names none.")
    if mode is ResumeMode.NATIVE_FORM and not (order.run_id and order.user):
        raise InvalidInput(
            "resume.mode native_form needs resume.run_id and resume.user.",
            fix="Map run_id to sys.workflow_run_id and user to sys.user_id in the gate's node.",
        )
    return Resume(
        mode=mode, app=app if mode.delivers else None, run_id=order.run_id, user=order.user
    )
