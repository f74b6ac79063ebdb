"""A gate's charts from what is stored: since its last change, in steps of a window."""

from datetime import timedelta

import pytest

from service.domain.access import Principal, Scope
from service.domain.decision import Assessment, Zone
from service.domain.errors import Forbidden, UnknownGate
from service.domain.ids import GateName
from service.thresholds.charts import BASE_POINTS, ITEMS_A_POINT, Charted, Indicator
from service.usecases.insight import gate_charts
from service.usecases.insight.gate_charts import ChartGate
from tests.examples import a_decision
from tests.usecases.conftest import ANN, POLICY, House

BASE = BASE_POINTS * ITEMS_A_POINT


def decide(house: House, items: int, zone: Zone) -> None:
    """So many decisions, a second after each other, the last of them now."""
    house.clock.forward(seconds=items)
    begun = house.clock.now() - timedelta(seconds=items)
    with house.store.transaction() as tx:
        tx.decisions.add(
            [
                a_decision(
                    gate=GateName("gate"),
                    created_at=begun + timedelta(seconds=n + 1),
                    zone=zone,
                    assessment=Assessment(confidence=0.5, raw_score=0.5),
                )
                for n in range(items)
            ]
        )


def review(house: House) -> Charted:
    found = ChartGate(store=house.store, gates=house.gates)("gate", ANN)
    [chart] = [one for one in found.charts if one.indicator is Indicator.REVIEW_SHARE]
    return chart


def test_what_came_later_is_held_against_what_came_first(house: House) -> None:
    empty = ChartGate(store=house.store, gates=house.gates)("gate", ANN)
    assert (empty.since, [one.points for one in empty.charts]) == (None, [()] * 4)
    decide(house, BASE, Zone.HUMAN_REVIEW)
    decide(house, 2 * ITEMS_A_POINT, Zone.AUTO_APPROVE)
    chart = review(house)
    assert (chart.usual, len(chart.points), chart.out) == (1.0, 2, True)
    assert chart.points[0].value > chart.points[1].value


def test_a_change_begins_anew(house: House) -> None:
    decide(house, BASE + ITEMS_A_POINT, Zone.HUMAN_REVIEW)
    assert review(house).needed == 0
    house.clock.forward(minutes=1)
    house.adopt(POLICY, approve_labels=("bad",))
    decide(house, ITEMS_A_POINT, Zone.HUMAN_REVIEW)
    assert review(house).needed == BASE


def test_what_is_usual_stays_until_the_window_moves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_charts, "WINDOW", 2 * BASE)
    decide(house, 2 * BASE, Zone.HUMAN_REVIEW)
    decide(house, 2 * BASE - 1, Zone.AUTO_APPROVE)
    assert review(house).usual == 1.0
    decide(house, 1, Zone.AUTO_APPROVE)
    assert review(house).usual == 0.0


def test_who_may_look(house: House) -> None:
    charts = ChartGate(store=house.store, gates=house.gates)
    with pytest.raises(Forbidden):
        charts("gate", Principal(name="key:x", scopes=frozenset({Scope.DECIDE})))
    with pytest.raises(UnknownGate):
        charts("another", ANN)
