"""What the pages of gates show: each value ready, no rule left to a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.configuration.writing import section_of
from service.domain.access import Principal, Scope
from service.domain.adaptation import Mode
from service.domain.certificate import Certificate, Promise
from service.domain.certificate_document import certificate_of
from service.domain.decision import Thresholds, Zone
from service.domain.errors import UnknownShadow
from service.domain.gate import GatePolicy
from service.domain.shadow import Shadow
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.thresholds import ecusum
from service.thresholds.charts import Charted
from service.thresholds.cost import Point
from service.thresholds.outlook import Outlook
from service.thresholds.quality import Quality
from service.thresholds.replay import ZONES
from service.thresholds.workload import Workload
from service.usecases.gate_charts import GateCharts
from service.usecases.gate_report import AuditReport, CostFrontier
from service.usecases.replay import ReplayOrder, Report
from service.usecases.watch import Watch
from service.web.pages.gate_charts import ChartView
from service.web.pages.gate_form import OF_THE_FORM, SHARES
from service.web.services import Services

LATELY = ReplayOrder(limit=20_000)
MOST_VERSIONS = 20
MOST_POINTS = 30


class Own(StrEnum):
    """Where a category's thresholds come from."""

    BY_HAND = "by_hand"
    CERTIFICATE = "certificate"
    INHERITED = "inherited"
    DOUBTED = "doubted"  # its own labels speak against what it would inherit: closed


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
class Category:
    name: str
    own: Own
    thresholds: Thresholds
    labels: int


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
    charts: "ChartsView"
    frontier: "FrontierView | None"
    versions: Sequence[StoredPolicy]
    file_ignored: bool
    may_change: bool


def row_of(services: Services, policy: GatePolicy) -> GateRow:
    certificates = [certificate_of(one.document) for one in services.gates.certificates(policy)]
    whole = next((one for one in certificates if one.scope is None), None)
    return GateRow(
        policy=policy,
        zones=Zones(thresholds=policy.rule_for(None).thresholds),
        coverage=whole.coverage if whole and policy.contract else None,
    )


def view_of(services: Services, policy: GatePolicy, viewer: Principal) -> GateView:
    """Everything that the page of a gate says."""
    contract = policy.contract
    found = services.report.cost_frontier(policy)
    return GateView(
        row=row_of(services, policy),
        promises=list(contract.promises.items()) if contract else [],
        certificates=[
            Promised(certificate=certificate_of(one.document), issued_at=one.created_at)
            for one in services.gates.certificates(policy)
        ],
        categories=_categories(policy, services.report.labels_by_category(policy)),
        needed=services.learner.outlook(policy),
        lately=services.replay(policy, viewer, LATELY),
        audits=services.report.audits(policy),
        reviewers=_reviewers(services, policy, viewer),
        workload=services.watcher.workload(policy),
        watch=services.watcher.watch(policy),
        alarm_at=ecusum.LIMIT,
        shadow=_shadow(services, policy, viewer),
        charts=_charts(services, policy, viewer),
        frontier=FrontierView(found) if found else None,
        versions=services.gates.versions(policy.gate, viewer, Page(limit=MOST_VERSIONS)),
        file_ignored=services.gates.is_overruled(policy.gate),
        may_change=Scope.MANAGE in viewer.scopes,
    )


@dataclass(frozen=True, kw_only=True)
class ChartsView:
    """The control charts that there are, and those that wait for more observations."""

    found: GateCharts
    drawn: Sequence[ChartView]
    waiting: Sequence[Charted]


def _charts(services: Services, policy: GatePolicy, viewer: Principal) -> ChartsView:
    found = services.charts(policy.gate, viewer)
    return ChartsView(
        found=found,
        drawn=[ChartView(one) for one in found.charts if one.points],
        waiting=[one for one in found.charts if not one.points],
    )


def _reviewers(services: Services, policy: GatePolicy, viewer: Principal) -> Quality | None:
    """For managers alone: what is measured of people is nobody else's business."""
    if Scope.MANAGE not in viewer.scopes:
        return None
    return services.reviewers.quality(policy.gate, viewer)


def _shadow(services: Services, policy: GatePolicy, viewer: Principal) -> Shadow | None:
    try:
        return services.shadows.latest(policy.gate, viewer)
    except UnknownShadow:
        return None


def _categories(policy: GatePolicy, labels: Mapping[str, int]) -> list[Category]:
    names = sorted({*policy.categories, *filter(None, policy.certified), *labels})
    return [
        Category(
            name=name,
            own=_own(policy, name),
            thresholds=policy.rule_for(name).thresholds,
            labels=labels.get(name, 0),
        )
        for name in names
    ]


def _own(policy: GatePolicy, name: str) -> Own:
    if name in policy.categories:
        return Own.BY_HAND
    earned, whole = policy.certified.get(name), policy.certified.get(None)
    if earned is None:
        return Own.INHERITED
    same = whole is not None and earned.certificate == whole.certificate
    return Own.DOUBTED if same else Own.CERTIFICATE


# --- the picture of cost against error ---

WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 640, 320, 72, 48, 16


@dataclass(frozen=True)
class FrontierView:
    """The frontier as places in a picture, error to the right and cost upwards."""

    found: CostFrontier

    @property
    def points(self) -> Sequence[Point]:
        """So few that a table of them can be read; the ends among them."""
        all_points = self.found.points
        step = max(1, -(-len(all_points) // MOST_POINTS))
        last = all_points[-1:] if (len(all_points) - 1) % step else ()
        return (*all_points[::step], *last)

    @property
    def most_error(self) -> float:
        return max((p.error for p in (*self.points, self.found.now)), default=0) or 0.01

    @property
    def costs(self) -> tuple[float, float]:
        """The least and the most cost shown."""
        found = [p.cost for p in (*self.points, self.found.now)]
        return min(found), max(max(found), min(found) + 1e-9)

    def x(self, point: Point) -> float:
        return round(LEFT + (WIDTH - LEFT - MARGIN) * point.error / self.most_error, 1)

    def y(self, point: Point) -> float:
        least, most = self.costs
        up = (point.cost - least) / (most - least)
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - MARGIN) * up, 1)

    @property
    def line(self) -> str:
        return " ".join(f"{self.x(p)},{self.y(p)}" for p in self.points)


# --- what is different ---


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key of the policy, then and now; `field` is its place in the form, if it has one."""

    key: str
    field: str | None
    then: str
    now: str


def differences(then: GatePolicy, now: GatePolicy) -> list[Difference]:
    """The keys that the two policies do not say alike."""
    old, new = _flat(section_of(then)), _flat(section_of(now))
    return [
        Difference(
            key=key,
            field=OF_THE_FORM.get(key),
            then=_said(key, old.get(key)),
            now=_said(key, new.get(key)),
        )
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def _said(key: str, value: Any) -> str:
    match value:
        case float() if key in SHARES.values():
            return f"{100 * value:.10g}%"
        case None:
            return "–"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value)) or "–"
        case _:
            return str(value)


def moves(moved: Sequence[Sequence[int]]) -> list[tuple[Zone, Zone, int]]:
    """How many decisions go from which zone to which other, the most first."""
    found = [
        (ZONES[a], ZONES[b], n)
        for a, row in enumerate(moved)
        for b, n in enumerate(row)
        if a != b and n
    ]
    return sorted(found, key=lambda move: -move[2])
