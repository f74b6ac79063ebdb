"""What the routes may use, handed over by bootstrap and kept on the application's state."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from service.configuration import Workshop
from service.ports.allowance import Allowance
from service.ports.bus import Bus
from service.ports.clock import Clock
from service.usecases.access.audit_trail import AuditTrail
from service.usecases.access.authentication import Doorkeeper
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.data.data_set import DataSet
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.explain import Explain
from service.usecases.decisions.outcomes import Outcomes
from service.usecases.decisions.wait_estimate import Forecast
from service.usecases.deliveries.worker import Deliveries
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.gate_charts import ChartGate
from service.usecases.insight.gate_report import GateReport
from service.usecases.insight.replay import ReplayGate
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.queries import Tasks
from service.usecases.review.reviewer_quality import Reviewers
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow
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
