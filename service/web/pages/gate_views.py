"""What the pages of gates show: each value ready, no rule left to a template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.domain.access import Principal, Scope
from service.domain.adaptation import Mode
from service.domain.certificate import Certificate, Promise
from service.domain.certificate_document import certificate_of
from service.domain.decision import Thresholds
from service.domain.errors import UnknownShadow
from service.domain.gate import GatePolicy
from service.domain.shadow import Shadow
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.thresholds import ecusum
from service.thresholds.outlook import Outlook
from service.thresholds.quality import Quality
from service.thresholds.safety.look import Watch
from service.thresholds.workload import Workload
from service.usecases.insight.gate_report import AuditReport
from service.usecases.insight.replay import ReplayOrder, Report
from service.web.pages.gate_categories import Category, categories_of
from service.web.pages.gate_charts import ChartsView, ChartView
from service.web.pages.gate_frontier import FrontierView
from service.web.services import Services

LATELY = ReplayOrder(limit=20_000)
MOST_VERSIONS = 20


@dataclass(frozen=True, kw_only=True)
class Zones:
    """The three zones on a line from 0 to 100."""

    thresholds: Thresholds

    @property
    def low(self) -> float:
        return 100 * (self.thresholds.low or 0)

    @property
    def high(self) -> float:
        return 100 * (1 if self.thresholds.high is None else self.thresholds.high)


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """A gate in the list."""

    policy: GatePolicy
    zones: Zones
    coverage: float | None

    @property
    def certified(self) -> Thresholds | None:
        """What is proven, where the gate is stricter than that now."""
        earned = self.policy.certified.get(None)
        if earned is None or earned.thresholds == self.zones.thresholds:
            return None
        return earned.thresholds


TROUBLED = (Mode.SAFE, Mode.INFEASIBLE)
"""What somebody must hear of at once."""


@dataclass(frozen=True, kw_only=True)
class Promised:
    """A certificate; `too_much_review` where it leaves more to people than is wanted."""

    certificate: Certificate
    issued_at: datetime

    @property
    def too_much_review(self) -> bool:
        return not self.certificate.within_review_bounds


@dataclass(frozen=True, kw_only=True)
class GateView:
    """One gate."""

    row: GateRow
    promises: Sequence[tuple[Promise, float]]
    certificates: Sequence[Promised]
    categories: Sequence[Category]
    needed: Sequence[Outlook]
    lately: Report
    audits: AuditReport | None
    reviewers: Quality | None
    workload: Workload | None
    watch: Watch | None
    alarm_at: float
    shadow: Shadow | None
    charts: ChartsView
    frontier: FrontierView | None
    versions: Sequence[StoredPolicy]
    file_ignored: bool
    may_change: bool


def row_of(services: Services, policy: GatePolicy) -> GateRow:
    certificates = [
        certificate_of(one.document) for one in services.gates.policies.certificates(policy)
    ]
    whole = next((one for one in certificates if one.scope is None), None)
    return GateRow(
        policy=policy,
        zones=Zones(thresholds=policy.gate_rule.thresholds),
        coverage=whole.coverage if whole and policy.contract else None,
    )


def view_of(services: Services, policy: GatePolicy, viewer: Principal) -> GateView:
    """Everything that the page of a gate says."""
    contract = policy.contract
    found = services.gates.report.cost_frontier(policy)
    return GateView(
        row=row_of(services, policy),
        promises=list(contract.promises.items()) if contract else [],
        certificates=[
            Promised(certificate=certificate_of(one.document), issued_at=one.created_at)
            for one in services.gates.policies.certificates(policy)
        ],
        categories=categories_of(policy, services.gates.report.labels_by_category(policy)),
        needed=services.gates.learner.outlook(policy),
        lately=services.gates.replay(policy, viewer, LATELY),
        audits=services.gates.report.audits(policy),
        reviewers=_reviewers(services, policy, viewer),
        workload=services.gates.watcher.workload(policy),
        watch=services.gates.watcher.watch(policy),
        alarm_at=ecusum.LIMIT,
        shadow=_shadow(services, policy, viewer),
        charts=_charts(services, policy, viewer),
        frontier=FrontierView(found) if found else None,
        versions=services.gates.policies.versions(policy.gate, viewer, Page(limit=MOST_VERSIONS)),
        file_ignored=services.gates.policies.is_overruled(policy.gate),
        may_change=Scope.MANAGE in viewer.scopes,
    )


def _charts(services: Services, policy: GatePolicy, viewer: Principal) -> ChartsView:
    found = services.gates.charts(policy.gate, viewer)
    return ChartsView(
        found=found,
        drawn=[ChartView(one) for one in found.charts if one.points],
        waiting=[one for one in found.charts if not one.points],
    )


def _reviewers(services: Services, policy: GatePolicy, viewer: Principal) -> Quality | None:
    """For managers alone: what is measured of people is nobody else's business."""
    if Scope.MANAGE not in viewer.scopes:
        return None
    return services.review.reviewers.quality(policy.gate, viewer)


def _shadow(services: Services, policy: GatePolicy, viewer: Principal) -> Shadow | None:
    try:
        return services.shadows.trials.latest(policy.gate, viewer)
    except UnknownShadow:
        return None
