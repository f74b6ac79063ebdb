"""What the routes may use, handed over by bootstrap and kept on the application's state."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from service.configuration import Workshop
from service.ports.allowance import Allowance
from service.ports.bus import Bus
from service.ports.clock import Clock
from service.usecases.access import Doorkeeper
from service.usecases.audit_trail import AuditTrail
from service.usecases.change_gate import ChangeGate
from service.usecases.data_set import DataSet
from service.usecases.decide import DecideItem
from service.usecases.deliver import Deliveries
from service.usecases.explain import Explain
from service.usecases.forecast import Forecast
from service.usecases.gate_book import GateBook
from service.usecases.gate_charts import ChartGate
from service.usecases.gate_report import GateReport
from service.usecases.learn import Learner
from service.usecases.outcomes import Outcomes
from service.usecases.replay import ReplayGate
from service.usecases.review import ReviewTasks
from service.usecases.reviewers import Reviewers
from service.usecases.shadow_report import ReportShadow
from service.usecases.shadows import Shadows
from service.usecases.tasks import Tasks
from service.usecases.watcher import Watcher
from service.web.live import Live


@dataclass(frozen=True, kw_only=True)
class Services:
    decide: DecideItem
    tasks: Tasks
    review: ReviewTasks
    outcomes: Outcomes
    deliveries: Deliveries
    doorkeeper: Doorkeeper
    audit: AuditTrail
    gates: GateBook
    changes: ChangeGate
    workshop: Workshop
    replay: ReplayGate
    shadows: Shadows
    shadow_report: ReportShadow
    report: GateReport
    charts: ChartGate
    reviewers: Reviewers
    forecast: Forecast
    explain: Explain
    learner: Learner
    data: DataSet
    watcher: Watcher
    live: Live
    allowance: Allowance
    bus: Bus
    clock: Clock
    public_url: str  # without a trailing slash
    secure_cookies: bool


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that this request came to."""
    return cast(Services, connection.app.state.services)
