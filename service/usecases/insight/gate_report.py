"""What a gate's owner wants to know: who has how many labels, and what other thresholds cost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate_document import certificate_of
from service.domain.decision import Thresholds, Zone
from service.domain.gate import GatePolicy
from service.domain.recorded import Period
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Store
from service.thresholds.audits import Estimate, estimate
from service.thresholds.cost import Point, cost_of, frontier
from service.thresholds.sample import Sample
from service.usecases.certification.auto_certify import Learner
from service.usecases.gates.policy_cache import GateBook

FEWEST_LABELS = 30
LATEST = 20_000


@dataclass(frozen=True, kw_only=True)
class CostFrontier:
    """Thresholds that none beat on both cost and error, the cheapest first, all within what is
    certified; and where the gate stands. Counted on so many labels."""

    points: tuple[Point, ...]
    now: Point
    labels: int


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What active audits say of the automatic answers among the latest decisions."""

    answers: Estimate
    approvals: Estimate
    rejections: Estimate


class GateReport:
    def __init__(self, *, store: Store, gates: GateBook, learner: Learner) -> None:
        self._store = store
        self._gates = gates
        self._learner = learner

    def labels_by_category(self, policy: GatePolicy) -> Mapping[str, int]:
        """How many labels of the panel each category has."""
        _, sample = self._learner.sample(policy)
        names = [] if sample.categories is None else sample.categories.tolist()
        return Counter(name for name in names if name)

    def audits(self, policy: GatePolicy) -> AuditReport | None:
        """The errors by active audits; None where these could draw nothing lately."""
        with self._store.reading() as tx:
            items = tx.recorded.audits(Period(gate=policy.gate, limit=LATEST))
        if not items.zones:
            return None
        return AuditReport(
            answers=estimate(items, Zone.AUTO_APPROVE, Zone.AUTO_REJECT),
            approvals=estimate(items, Zone.AUTO_APPROVE),
            rejections=estimate(items, Zone.AUTO_REJECT),
        )

    def cost_frontier(self, policy: GatePolicy) -> CostFrontier | None:
        """What could be saved within the certificate. None without costs, certificate or labels."""
        earned, contract = policy.certified.get(None), policy.contract
        if earned is None or contract is None or contract.costs is None:
            return None
        certified = next(
            (one for one in self._gates.certificates(policy) if one.id == earned.certificate), None
        )
        source, sample = self._learner.sample(policy)
        sample = _under_the_gate(policy, sample)
        if certified is None or source != earned.source or len(sample) < FEWEST_LABELS:
            return None
        confidence = read_calibrator(earned.calibrator).many(sample.scores, sample.spreads)
        points = frontier(
            confidence, sample.against(confidence), contract, within=_proven(certified)
        )
        now = cost_of(earned.thresholds, confidence, sample.against(confidence), contract.costs)
        return CostFrontier(points=points, now=now, labels=len(sample))


def _proven(certified: StoredCertificate) -> Thresholds:
    return certificate_of(certified.document).thresholds


def _under_the_gate(policy: GatePolicy, sample: Sample) -> Sample:
    """The items that the gate's own thresholds decide: not those of categories with others."""
    if sample.categories is None:
        return sample
    names = {str(name) for name in sample.categories}
    ours = sorted(name for name in names if policy.rule_for(name or None) == policy.gate_rule)
    return sample.where(np.isin(sample.categories, ours))
