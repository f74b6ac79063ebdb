"""Labels come back as they went in, those of the panel alone."""

from dataclasses import replace

import pytest

from service.domain.decision import Spread
from service.domain.label import Label
from service.store.sql_store import SqlStore
from tests.examples import NOW, a_decision

SPREAD = Spread(agreement=0.8, mutual_information=0.1, mean_log_probability=-0.5)


@pytest.mark.parametrize("spread", [None, SPREAD])
def test_panel_labels_come_back_with_their_spread(store: SqlStore, spread: Spread | None) -> None:
    decisions = [a_decision(), a_decision()]
    label = Label(
        decision_id=decisions[0].id,
        gate=decisions[0].gate,
        raw_score=0.7,
        source="signal:members",
        category=None,
        right=True,
        panel=True,
        reviewer="person:ann",
        at=NOW,
        spread=spread,
    )
    with store.transaction() as tx:
        tx.decisions.add(decisions)
        tx.labels.add(label)
        tx.labels.add(replace(label, decision_id=decisions[1].id, panel=False))
    with store.reading() as tx:
        assert tx.labels.of_panel(label.gate) == [label]
