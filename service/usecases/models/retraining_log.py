"""Retrainings, kept: how many comparisons a gate has seen, and how each went."""

from dataclasses import replace

from service.domain.errors import Conflict
from service.domain.retraining import Retraining, comparison_of
from service.ports.clock import Clock
from service.ports.store import Store
from service.usecases.shared.audit_events.models import draft_of_retraining


class Retrainings:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def comparison(self, gate: str, champion: str, data: str, judges: str) -> int:
        """Which comparison of the gate this champion on this data, judged so, is."""
        with self._store.reading() as tx:
            return comparison_of(tx.retrainings.of(gate), champion, data, judges)

    def keep(self, made: Retraining) -> Retraining:
        """Write it down, unless it is there already. Raises Conflict where the number has gone to
        another comparison meanwhile."""
        kept = replace(made, at=self._clock.now())
        with self._store.transaction() as tx:
            history = tx.retrainings.of(made.gate)
            judges = str(made.judgement["judges"])
            if comparison_of(history, made.champion, made.data, judges) != made.number:
                raise Conflict(
                    f"The model of {made.gate} was retrained by somebody else meanwhile.",
                    fix="Retrain again.",
                )
            if not tx.retrainings.add(kept):
                return made
            tx.audit.append([draft_of_retraining(kept)])
        return kept
