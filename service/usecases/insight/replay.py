"""Replay: what a candidate policy would have done with the decisions recorded, beside the one in
force. Nothing is changed by it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from service.domain.access import Principal, Scope
from service.domain.certificate import Certificate, Costs
from service.domain.errors import InvalidInput
from service.domain.gate import GatePolicy
from service.domain.recorded import Period
from service.ports.store import Store, Transaction
from service.thresholds.replay import CalibratorOf, Replayer
from service.thresholds.tally import Comparison, Figures, Share
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import prove
from service.usecases.gates.policy_cache import GateBook
from service.usecases.gates.policy_versions import carried, earns_alike, policy_from

DEFAULT_LIMIT = 100_000
MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ReplayOrder:
    """Over which decisions, and what errors and reviews cost where the candidate does not say."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int = DEFAULT_LIMIT
    costs: Costs | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the two policies did with the same decisions.

    `certificates` are what a candidate with new promises would stand on if it were certified now,
    on the labels of today: its figures then come from labels that took part in its choice.
    `moved[a][b]` counts items by zone under the policy in force and under the candidate, in the
    order of ZONES; `unknown` could not be replayed.
    """

    policy_version: int
    since: datetime | None
    until: datetime | None
    in_force: Figures
    candidate: Figures
    agreement: Share
    moved: tuple[tuple[int, ...], ...]
    unknown: int
    proposed: GatePolicy
    certificates: tuple[Certificate, ...]

    @property
    def days(self) -> float | None:
        """How long it took for the decisions to come in; None where that is next to nothing."""
        if self.since is None or self.until is None:
            return None
        days = (self.until - self.since).total_seconds() / 86_400
        return days if days > 0 else None


class ReplayGate:
    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        learner: Learner,
        calibrator_of: CalibratorOf,
    ) -> None:
        self._store = store
        self._gates = gates
        self._learner = learner
        self._calibrator_of = calibrator_of

    def __call__(self, candidate: GatePolicy, principal: Principal, order: ReplayOrder) -> Report:
        """Replay the candidate and the policy in force of its gate.

        Raises UnknownGate, Forbidden, and InvalidInput for a candidate that scores otherwise:
        what another model or guard would have said of an item is not recorded.
        """
        principal.demand(Scope.READ, Scope.MANAGE)
        known = self._gates.get(candidate.gate, principal)
        if other := scores_otherwise(known, candidate):
            raise InvalidInput(
                f"A replay cannot tell what other {other} would have made of these items.",
                fix="Leave it as it is in the policy in force, or try it in shadow.",
            )
        candidate, certificates = self.earned(known, candidate)
        period = Period(
            gate=known.gate, since=order.since, until=order.until, limit=min(order.limit, MOST)
        )
        comparison = Comparison()
        with self._store.reading() as tx:
            span = tx.recorded.span(period)
            replay = Replayer(
                versions=versions_of(tx, known.gate), calibrator_of=self._calibrator_of
            )
            for items in tx.recorded.stream(period):
                comparison.add(replay(known, items), replay(candidate, items), items)
        costs = order.costs or costs_of(candidate) or costs_of(known)
        return Report(
            policy_version=known.version,
            since=span[0] if span else None,
            until=span[1] if span else None,
            in_force=comparison.one.figures(panel_share=audited_by(known), costs=costs),
            candidate=comparison.other.figures(panel_share=audited_by(candidate), costs=costs),
            agreement=comparison.agreement,
            moved=tuple(tuple(map(int, row)) for row in comparison.moved),
            unknown=comparison.unknown,
            proposed=candidate,
            certificates=certificates,
        )

    def earned(
        self, known: GatePolicy, candidate: GatePolicy
    ) -> tuple[GatePolicy, tuple[Certificate, ...]]:
        """The candidate with what it has earned, or would earn if it were certified now."""
        if candidate.contract is None:
            return carried(candidate, None), ()
        if earns_alike(known, candidate):
            return carried(candidate, known), ()
        source, sample = self._learner.sample(candidate)
        issued, earned = prove(sample, candidate.contract, source)
        return replace(candidate, certified=earned), tuple(one.certificate for one in issued)


def scores_otherwise(known: GatePolicy, candidate: GatePolicy) -> str | None:
    """What makes the candidate score items otherwise, so that no replay can tell what it would
    have made of them; None where nothing does."""
    names = ("scorer", "by_language", "samples", "labels", "approve_labels", "guards")
    return next((n for n in names if getattr(known, n) != getattr(candidate, n)), None)


def versions_of(tx: Transaction, gate: str) -> Mapping[int, GatePolicy]:
    return {stored.version: policy_from(stored) for stored in tx.policies.all_of(gate)}


def costs_of(policy: GatePolicy) -> Costs | None:
    return policy.contract.costs if policy.contract else None


def audited_by(policy: GatePolicy) -> float:
    """The share of automatic answers that people are asked about besides."""
    return 0.0 if policy.panel.holds else policy.panel_share
