"""Labels come back as they went in, those of the panel alone."""

from dataclasses import replace

import pytest

from service.domain.decision import Spread
from service.domain.label import Label
from service.domain.review import Answer, GivenAnswer
from service.domain.values import Json
from service.store.sql_store import SqlStore
from tests.examples import NOW, a_decision, a_task

SPREAD = Spread(agreement=0.8, mutual_information=0.1, mean_log_probability=-0.5)


def test_answers_that_others_gave_too_come_back_as_they_were_given(store: SqlStore) -> None:
    def given(who: str, answer: Answer, edited: Json = None) -> GivenAnswer:
        return GivenAnswer(reviewer=who, answer=answer, comment="", edited_result=edited, at=NOW)

    approve, reject, unsure = Answer.APPROVE, Answer.REJECT, Answer.UNSURE
    several = (given("ann", approve), given("ben", approve, "mine"), given("kim", reject))
    answers = [several, (given("ann", approve),), (given("ben", unsure),), ()]
    decisions = [a_decision(), a_decision(), a_decision(), a_decision()]
    with store.transaction() as tx:
        tx.decisions.add(decisions)
        pairs = zip(decisions, answers, strict=True)
        tx.tasks.add([a_task(decision, answers=one) for decision, one in pairs])
    with store.reading() as tx:
        found = tx.labels.shared(decisions[0].gate)
        assert tx.labels.shared("other") == []
    assert [(one.decision_id, one.reviewer, one.right) for one in found] == [
        (decisions[0].id, "ann", True),
        (decisions[0].id, "ben", False),
        (decisions[0].id, "kim", False),
        (decisions[2].id, "ben", None),
    ]


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
