"""What the routes may use, by feature. Bootstrap hands it over; `app.state` keeps it."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from service.configuration import Workshop
from service.ports.allowance import Allowance
from service.ports.clock import Clock
from service.usecases.access.audit_trail import AuditTrail
from service.usecases.access.authentication import Doorkeeper
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.data.data_set import DataSet
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.explain import Explain
from service.usecases.decisions.outcomes import Outcomes
from service.usecases.decisions.resumption import Resumptions
from service.usecases.decisions.wait_estimate import Forecast
from service.usecases.deliveries.worker import Deliveries
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.gate_charts import ChartGate
from service.usecases.insight.gate_report import GateReport
from service.usecases.insight.replay import ReplayGate
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.marks import MarkText
from service.usecases.review.queries import Tasks
from service.usecases.review.reviewer_quality import Reviewers
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow
from service.web.live import Live


@dataclass(frozen=True, kw_only=True)
class AccessServices:
    doorkeeper: Doorkeeper
    allowance: Allowance
    audit: AuditTrail


@dataclass(frozen=True, kw_only=True)
class DecisionServices:
    decide: DecideItem
    outcomes: Outcomes
    resumptions: Resumptions
    explain: Explain
    forecast: Forecast


@dataclass(frozen=True, kw_only=True)
class ReviewServices:
    queries: Tasks
    commands: ReviewTasks
    marks: MarkText
    reviewers: Reviewers


@dataclass(frozen=True, kw_only=True)
class GateServices:
    policies: GateBook
    workshop: Workshop
    changes: ChangeGate
    replay: ReplayGate
    report: GateReport
    charts: ChartGate
    learner: Learner
    watcher: Watcher


@dataclass(frozen=True, kw_only=True)
class ShadowServices:
    trials: Shadows
    report: ReportShadow


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the pages are reached from outside; `public_url` has no trailing slash."""

    public_url: str
    secure_cookies: bool


@dataclass(frozen=True, kw_only=True)
class Services:
    access: AccessServices
    decisions: DecisionServices
    review: ReviewServices
    gates: GateServices
    shadows: ShadowServices
    deliveries: Deliveries
    data: DataSet
    live: Live
    clock: Clock
    site: Site


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that this request came to."""
    return cast(Services, connection.app.state.services)
