"""What a shadow has found: the gate and its candidate on the same items, and where they part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.domain.access import Principal
from service.domain.certificate import Costs
from service.domain.decision import Decision
from service.domain.gate import GatePolicy
from service.domain.ids import DecisionId
from service.domain.recorded import Period, RecordedItems
from service.domain.review import OPEN
from service.domain.shadow import Shadow
from service.ports.guard import Redactor
from service.ports.store import Store, Transaction
from service.thresholds.replay import CalibratorOf, Replayed, Replayer, as_decided
from service.thresholds.tally import Comparison, Figures, Parting, Share
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.replay import (
    MOST,
    audited_by,
    costs_of,
    scores_otherwise,
    versions_of,
)
from service.usecases.shadow.lifecycle import Shadows, candidate_of
from service.usecases.shared.redaction import shown

MOST_PARTINGS, LOOKED_THROUGH = 20, 60


@dataclass(frozen=True, kw_only=True)
class ShadowReport:
    """What the gate did with the items since the shadow began, and what its candidate would have.

    Both are about the same items: `unknown` came too, but what the candidate would have made of
    them is not known. Fields are as a replay's; `partings` are the newest items that they part
    on, and `decisions` these as reviewers may see them.
    """

    shadow: Shadow
    candidate: GatePolicy
    since: datetime | None
    until: datetime | None
    live: Figures
    shadowed: Figures
    agreement: Share
    moved: tuple[tuple[int, ...], ...]
    unknown: int
    partings: tuple[Parting, ...]
    decisions: Mapping[DecisionId, Decision]

    @property
    def days(self) -> float | None:
        """How long it took for the items to come in; None where that is next to nothing."""
        if self.since is None or self.until is None or self.until <= self.since:
            return None
        return (self.until - self.since).total_seconds() / 86_400


class ReportShadow:
    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        shadows: Shadows,
        calibrator_of: CalibratorOf,
        redactor: Redactor,
    ) -> None:
        self._store = store
        self._gates = gates
        self._shadows = shadows
        self._calibrator_of = calibrator_of
        self._redactor = redactor

    def __call__(
        self, gate: str, principal: Principal, *, limit: int, costs: Costs | None = None
    ) -> ShadowReport:
        """What the newest shadow has found, on the newest `limit` items of its time.

        Raises UnknownGate, UnknownShadow.
        """
        shadow = self._shadows.latest(gate, principal)
        candidate, known = candidate_of(shadow), self._gates.get(gate, principal)
        period = Period(
            gate=gate,
            since=shadow.started_at,
            until=shadow.ended_at,
            limit=min(limit, MOST),
            shadow=shadow.number if shadow.judges else None,
        )
        comparison = Comparison(examples=LOOKED_THROUGH)
        with self._store.reading() as tx:
            span = tx.recorded.span(period)
            judge = self._judge(tx, shadow, candidate)
            for items in tx.recorded.stream(period):
                comparison.add(as_decided(items.zones), judge(items), items)
            partings = [one for one in comparison.partings if not _is_asked(tx, one.decision_id)]
            partings = partings[:MOST_PARTINGS]
            decisions = tx.decisions.get_many([one.decision_id for one in partings])
        costs = costs or costs_of(candidate) or costs_of(known)
        return ShadowReport(
            shadow=shadow,
            candidate=candidate,
            since=span[0] if span else None,
            until=span[1] if span else None,
            live=comparison.one.figures(panel_share=audited_by(known), costs=costs),
            shadowed=comparison.other.figures(panel_share=audited_by(candidate), costs=costs),
            agreement=comparison.agreement,
            moved=tuple(tuple(map(int, row)) for row in comparison.moved),
            unknown=comparison.unknown,
            partings=tuple(partings),
            decisions={
                id_: shown(one, known.guards.redaction, self._redactor)
                for id_, one in decisions.items()
            },
        )

    def _judge(
        self, tx: Transaction, shadow: Shadow, candidate: GatePolicy
    ) -> Callable[[RecordedItems], Replayed]:
        if shadow.judges:
            return lambda items: as_decided(items.judged)
        versions = versions_of(tx, shadow.gate)
        replay = Replayer(versions=versions, calibrator_of=self._calibrator_of)
        # The gate may have begun to score otherwise since: what comes then says nothing.
        alike = {n for n, then in versions.items() if not scores_otherwise(then, candidate)}

        def judge(items: RecordedItems) -> Replayed:
            found = replay(candidate, items)
            found.known[[version not in alike for version in items.versions]] = False
            return found

        return judge


def _is_asked(tx: Transaction, decision_id: DecisionId) -> bool:
    """Whether people have still to answer, be it an audit of what the gate has decided."""
    task = tx.tasks.of_decision(decision_id)
    return task is not None and task.state in OPEN
