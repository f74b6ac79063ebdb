"""Shadows: one runs at a time, ends once, and what it made of items stands beside these."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.domain.decision import Spread, Zone
from service.domain.errors import ShadowRuns
from service.domain.recorded import Period
from service.domain.shadow import Judgement, Shadow, ShadowState
from service.store.sql_store import SqlStore
from tests.examples import GATE, MINUTE, NOW, a_decision
from tests.store.crowd import at_once


def a_shadow(**changes: Any) -> Shadow:
    given: dict[str, Any] = {
        "gate": GATE,
        "number": 1,
        "over": 3,
        "document": {"written": {"thresholds": {"low": 0.1, "high": None}}, "certified": []},
        "judges": True,
        "started_at": NOW,
        "started_by": "person:lin",
        "note": "bolder",
    }
    return Shadow(**given | changes)


def keep(store: SqlStore, *shadows: Shadow) -> None:
    with store.transaction() as tx:
        for one in shadows:
            tx.shadows.add(one)


def test_what_is_stored_comes_back(store: SqlStore) -> None:
    first = a_shadow(state=ShadowState.STOPPED, ended_at=NOW, ended_by="key:ops")
    second, other = a_shadow(number=2, started_at=NOW + MINUTE), a_shadow(gate="other")
    keep(store, first, second, other)
    with store.reading() as tx:
        assert tx.shadows.latest(GATE) == second
        assert tx.shadows.latest("nobody") is None
        assert sorted(one.gate for one in tx.shadows.running()) == sorted([GATE, "other"])


def test_of_ten_that_start_one_does(store: SqlStore) -> None:
    def start(number: int) -> bool:
        try:
            keep(store, a_shadow(started_by=f"person {number}"))
        except ShadowRuns:
            return False
        return True

    assert sum(at_once(10, start)) == 1


def test_it_ends_once(store: SqlStore) -> None:
    keep(store, a_shadow())
    ended = a_shadow().ended(ShadowState.ADOPTED, "person:lin", NOW + MINUTE)
    with store.transaction() as tx:
        assert tx.shadows.end(ended)
        assert not tx.shadows.end(replace(ended, state=ShadowState.STOPPED))
        assert tx.shadows.latest(GATE) == ended
        assert tx.shadows.running() == []


@pytest.mark.parametrize(
    "spread", [None, Spread(agreement=0.8, mutual_information=0.1, mean_log_probability=-0.2)]
)
def test_judgements_stand_beside_their_items(store: SqlStore, spread: Spread | None) -> None:
    old, new = a_decision(created_at=NOW), a_decision(created_at=NOW + timedelta(hours=1))
    judgement = Judgement(
        gate=GATE,
        number=2,
        decision_id=old.id,
        zone=Zone.AUTO_APPROVE,
        confidence=0.9,
        raw_score=0.8,
        spread=spread,
        source="m@2",
    )
    with store.transaction() as tx:
        tx.decisions.add([old, new])
        tx.shadows.judged([])
        tx.shadows.judged([judgement])
    with store.reading() as tx:
        [found] = tx.recorded.stream(Period(gate=GATE, limit=9, shadow=2))
        [of_another] = tx.recorded.stream(Period(gate=GATE, limit=9, shadow=1))
        [without] = tx.recorded.stream(Period(gate=GATE, limit=9))
    assert list(zip(found.ids, found.judged, strict=True)) == [
        (new.id, None),
        (old.id, "auto_approve"),
    ]
    assert list(of_another.judged) == list(without.judged) == [None, None]
