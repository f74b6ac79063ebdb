"""The control charts of a gate, over what it has decided since it was last changed."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from service.domain.access import Principal, Scope
from service.domain.change import Cause
from service.domain.recorded import Period
from service.ports.page import Page
from service.ports.store import Store, Transaction
from service.thresholds.charts import Charted, Indicator, Observed, charted
from service.usecases.gates.policy_cache import GateBook

WINDOW = 10_000
"""Charts begin anew after so many items, so that what is usual follows the years, and one look
reads twice as many at most."""
LOOKED_BACK = 200


@dataclass(frozen=True, kw_only=True)
class GateCharts:
    """A gate's charts, and of when the items are that they show."""

    since: datetime | None
    until: datetime | None
    charts: tuple[Charted, ...]


class ChartGate:
    def __init__(self, *, store: Store, gates: GateBook) -> None:
        self._store = store
        self._gates = gates

    def __call__(self, gate: str, principal: Principal) -> GateCharts:
        """The charts as they stand. Raises UnknownGate, Forbidden."""
        principal.demand(Scope.READ, Scope.MANAGE)
        self._gates.get(gate, principal)
        with self._store.reading() as tx:
            period = _shown(tx, gate)
            span = tx.recorded.span(period) if period else None
            batches = [Observed.of(items) for items in tx.recorded.stream(period)] if period else []
        return GateCharts(
            since=span[0] if span else None,
            until=span[1] if span else None,
            charts=tuple(charted(one, _joined(batches, one)) for one in Indicator),
        )


def _joined(
    batches: list[Observed], indicator: Indicator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The indicator's observations, oldest first; the store gives the newest first."""
    found = [batch.values[indicator] for batch in batches]
    return np.concatenate(found)[::-1] if found else np.zeros(0)


def _shown(tx: Transaction, gate: str) -> Period | None:
    """The items since the gate was changed, other than by watching it at work; from WINDOW items
    on, those from the last multiple of WINDOW but one."""
    changed = next(
        (
            one.created_at
            for one in tx.policies.versions(gate, Page(limit=LOOKED_BACK))
            if one.change.cause is not Cause.ADAPTATION
        ),
        None,
    )
    if changed is None:
        return None
    items = tx.recorded.count(gate, changed)
    begun = max(0, items // WINDOW - 1) * WINDOW
    return Period(gate=gate, since=changed, limit=items - begun) if items else None
