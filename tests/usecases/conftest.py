"""The use cases on a real store, with a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from service.bus.memory import InProcessBus
from service.domain.access import Principal, Scope
from service.domain.app import App
from service.domain.decision import ResumeMode, Thresholds
from service.domain.gate import SIGNALS_SCORER, GatePolicy, ResumeRules, ReviewRules
from service.domain.ids import AppName, GateName
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.resume import ResumeMessageWriter
from service.store.sql_store import SqlStore
from service.telemetry.metrics import Metrics
from service.usecases.certification.certify import CertifyGate
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.group_commit import Recorder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.outcomes import Outcomes
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.queries import Tasks
from service.web.text.certificates import in_english
from tests.stores import migrated

APP = App(name=AppName("dify"), url="http://127.0.0.1:9/v1", api_key="key", allow_internal=True)
APPS = MappingProxyType({APP.name: APP})

POLICY = GatePolicy(
    gate=GateName("gate"),
    version=0,
    scorer=SIGNALS_SCORER,
    labels=("good", "bad"),
    approve_labels=("good",),
    thresholds=Thresholds(low=0.1, high=0.9),
    review=ReviewRules(deadline=timedelta(hours=1), lease=timedelta(minutes=5)),
    resume=ResumeRules(mode=ResumeMode.WEBHOOK, app=APP.name),
    apps=(APP.name,),
)

ANN = Principal(name="person:ann", scopes=frozenset(Scope))


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def forward(self, **by: float) -> datetime:
        self._now += timedelta(**by)
        return self._now


class House:
    """Everything wired, as bootstrap does it, without web and loops."""

    def __init__(self, folder: Path) -> None:
        self.store = SqlStore(migrated(folder))
        self.clock = HeldClock()
        self.bus = InProcessBus()
        self.metrics = Metrics()
        self.gates = GateBook(self.store)
        self.adopt(POLICY)
        self.writer = ResumeMessageWriter(APPS)
        self.recorder = Recorder(self.store)
        self.decide = DecideItem(
            gates=self.gates,
            assessor=GuardedAssessor(Assessor({}), TextGuard()),
            recorder=self.recorder,
            bus=self.bus,
            clock=self.clock,
            meter=self.metrics,
            redactor=LabelRedactor(),
        )
        self.tasks = Tasks(
            store=self.store, gates=self.gates, clock=self.clock, redactor=LabelRedactor()
        )
        self.review = ReviewTasks(
            store=self.store,
            gates=self.gates,
            writer=self.writer,
            bus=self.bus,
            clock=self.clock,
            meter=self.metrics,
            redactor=LabelRedactor(),
        )
        self.outcomes = Outcomes(store=self.store, bus=self.bus, clock=self.clock)

    def certifier(self) -> CertifyGate:
        return CertifyGate(
            store=self.store,
            gates=self.gates,
            bus=self.bus,
            clock=self.clock,
            in_words=in_english,
        )

    def adopt(self, policy: GatePolicy, **changes: Any) -> None:
        self.gates.adopt([replace(policy, **changes)], self.clock.now())

    def close(self) -> None:
        self.recorder.close()
        self.bus.close()
        self.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()
