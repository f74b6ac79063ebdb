"""Deliveries to make, a scripted Dify to make them to, and short patience."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.decision import ResumeMode
from service.domain.delivery import Delivery, Proof
from service.domain.ids import AppName, TaskId
from service.ports.clock import SystemClock
from service.ports.resumer import DeliveryDead, DeliveryFailed
from service.resume.native_form import NativeFormResumer
from service.resume.waiting import Patience
from tests.examples import a_decision, a_delivery, a_task
from tests.resume.dify_double import KEY, RUN, USER, DifyDouble, DoubleForm

APP = AppName("moderation")
PATIENT = Patience(paused=10, proof=10, taken=10, settle=0.2, look=0.05)
"""For what happens: as long as a slow machine may take."""
HASTY = Patience(paused=0.3, proof=0.3, taken=0.3, settle=0.1, look=0.05)
"""For what never happens."""


@dataclass
class Log:
    """An attempt's memory."""

    submissions: int = 0
    taker: str | None = None
    asked: int = 0

    def submitted(self) -> None:
        self.submissions += 1

    def taken_by(self) -> str | None:
        self.asked += 1
        return self.taker


@dataclass
class Tries:
    """Tries a delivery in one mode, as the worker does, and says how it ended."""

    delivery: Delivery
    app: App
    log: Log = field(default_factory=Log)
    stop: threading.Event = field(default_factory=threading.Event)

    def native(self, patience: Patience = PATIENT) -> Proof:
        apps = {self.app.name: self.app}
        return NativeFormResumer(apps, SystemClock(), self.stop, patience).resume(
            self.delivery, self.log
        )

    def dead(self, patience: Patience = PATIENT) -> str:
        with pytest.raises(DeliveryDead) as death:
            self.native(patience)
        return death.value.reason

    def failed(self, patience: Patience = PATIENT) -> DeliveryFailed:
        with pytest.raises(DeliveryFailed) as failure:
            self.native(patience)
        return failure.value


def a_message(task_id: TaskId, **changes: Any) -> bytes:
    """The frozen message of an approval."""
    given: dict[str, Any] = {
        "timestamp": datetime(2030, 1, 2, tzinfo=UTC),
        "decision_id": "dec_1",
        "review_task_id": task_id,
        "verdict": "approve",
        "gate_action": "approve",
        "reviewer": "mei",
        "comment": "fine by me",
        "edited_result": {"publish": True},
    }
    return ResumeMessage(**given | changes).model_dump_json().encode()


@pytest.fixture
def make_delivery() -> Callable[..., Delivery]:
    """Deliveries of fresh tasks; `message` changes what they carry."""

    def make(
        mode: ResumeMode = ResumeMode.NATIVE_FORM,
        message: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Delivery:
        task = a_task(a_decision())
        given = {
            "mode": mode,
            "app": APP,
            "run_id": RUN,
            "user": USER,
            "attempts": 1,
            "body": a_message(task.id, **(message or {})),
        }
        return a_delivery(task, **given | changes)

    return make


@pytest.fixture
def dify() -> Iterator[DifyDouble]:
    with DifyDouble() as double:
        yield double


@pytest.fixture
def form(dify: DifyDouble, tries: Tries) -> DoubleForm:
    """Our form, waiting in the run: its content is the task's id."""
    form = DoubleForm(content=tries.delivery.task_id)
    dify.forms = [form]
    return form


@pytest.fixture
def tries(dify: DifyDouble, make_delivery: Callable[..., Delivery]) -> Tries:
    app = App(name=APP, url=dify.url, api_key=KEY, allow_internal=True)
    return Tries(delivery=make_delivery(), app=app)
