"""Decisions come back as they went in, with what became of them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.decision import (
    Assessment,
    Decision,
    Item,
    Reason,
    Resume,
    ResumeMode,
    RiskLevel,
    Spread,
    Thresholds,
    Zone,
)
from service.domain.errors import UnknownDecision
from service.domain.ids import DecisionId
from service.domain.outcome import DecidedBy, Outcome, Truth, Verdict
from service.store.sql_store import SqlStore
from service.usecases.shared.new_ids import new_decision_id
from tests.examples import MINUTE, NOW, a_decision
from tests.store.crowd import at_once

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
moments = st.datetimes(
    datetime(1970, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=5))]),
)
shares = st.floats(0, 1)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Inside a document even NUL and half of a surrogate pair are kept.
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), documents, max_size=3)


def in_order(pair: Sequence[float | None]) -> bool:
    low, high = pair
    return low is None or high is None or low < high


thresholds = st.lists(shares | st.none(), min_size=2, max_size=2).filter(in_order)
outcomes = st.builds(
    Outcome,
    verdict=st.sampled_from(Verdict),
    by=st.sampled_from(DecidedBy),
    decided_at=moments,
    settles_at=moments,
    reviewer=st.none() | texts,
    comment=texts,
    edited_result=documents,
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.builds(new_decision_id),
    "gate": texts,
    "policy_version": st.integers(1, 2**31 - 1),
    "created_at": moments,
    "requested_by": texts,
    "item": st.builds(Item, text=st.none() | st.text(), fields=objects),
    "ai_result": documents,
    "signals": st.none() | objects,
    "category": st.none() | texts,
    "risk_level": st.sampled_from(RiskLevel),
    "resume": st.builds(
        Resume,
        mode=st.sampled_from(ResumeMode),
        app=st.none() | texts,
        run_id=st.none() | texts,
        user=st.none() | texts,
    ),
    "metadata": objects,
    "zone": st.sampled_from(Zone),
    "reason": st.sampled_from(Reason),
    "thresholds": thresholds.map(lambda pair: Thresholds(low=pair[0], high=pair[1])),
    "assessment": st.builds(
        Assessment,
        confidence=st.none() | shares,
        raw_score=st.none() | shares,
        spread=st.none()
        | st.builds(
            Spread,
            agreement=shares,
            mutual_information=shares,
            mean_log_probability=st.floats(-700, 0),
        ),
        label=st.none() | texts,
        model_version=st.none() | texts,
        failure=st.none() | st.sampled_from(Reason),
        notes=st.lists(texts, max_size=3).map(tuple),
    ),
    "outcome": st.none() | outcomes,
    "panel": st.booleans(),
    "audit_probability": st.none() | shares,
    "signals_unreadable": st.none() | texts,
}
decisions = st.builds(Decision, **PARTS)


def test_every_field_is_tried() -> None:
    assert PARTS.keys() == {field.name for field in fields(Decision)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(several=st.lists(decisions, min_size=1, max_size=3))
def test_decisions_come_back_as_they_went_in(store: SqlStore, several: list[Decision]) -> None:
    with store.transaction() as tx:
        tx.decisions.add(several)
    ids = [decision.id for decision in several]
    with store.reading() as tx:
        assert tx.decisions.get_many(ids) == {decision.id: decision for decision in several}
        assert tx.decisions.get(ids[0]) == several[0]


def test_moments_come_back_in_utc(store: SqlStore) -> None:
    decision = a_decision(created_at=NOW.astimezone(timezone(timedelta(hours=8))))
    with store.transaction() as tx:
        tx.decisions.add([decision])
    with store.reading() as tx:
        read = tx.decisions.get(decision.id)
    assert read is not None
    assert read.created_at.isoformat() == NOW.isoformat()


def test_a_moment_without_a_time_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(Exception, match="no time zone"), store.transaction() as tx:
        tx.decisions.add([a_decision(created_at=datetime(2030, 1, 1))])


def test_none_asked_none_found(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.decisions.add([])
        assert tx.decisions.get_many([]) == {}
        assert tx.decisions.get(DecisionId("dec_none")) is None


def test_an_outcome_is_set_and_taken_back(store: SqlStore) -> None:
    decision = a_decision()
    outcome = Outcome(
        verdict=Verdict.APPROVE, by=DecidedBy.HUMAN, decided_at=NOW, settles_at=NOW + MINUTE
    )
    with store.transaction() as tx:
        tx.decisions.add([decision])
    for expected in (outcome, None):
        with store.transaction() as tx:
            tx.decisions.set_outcome(decision.id, expected)
        with store.reading() as tx:
            read = tx.decisions.get(decision.id)
        assert read is not None
        assert read.outcome == expected


def test_the_verdict_goes_to_one_of_twenty_runs(store: SqlStore) -> None:
    decision = a_decision()
    with store.transaction() as tx:
        tx.decisions.add([decision])

    def ask(number: int) -> str:
        with store.transaction() as tx:
            return tx.decisions.take(decision.id, f"run-{number}")

    holders = at_once(20, ask)
    assert len(set(holders)) == 1
    winner = int(holders[0].removeprefix("run-"))
    assert ask(winner) == ask(winner + 1) == holders[0]
    with store.reading() as tx:
        assert tx.decisions.taken_by(decision.id) == holders[0]


def test_unknown_decisions_are_named_so(store: SqlStore) -> None:
    nowhere = DecisionId("dec_none")
    with store.reading() as tx:
        assert tx.decisions.taken_by(nowhere) is None
    with pytest.raises(UnknownDecision), store.transaction() as tx:
        tx.decisions.take(nowhere, "run-1")
    with pytest.raises(UnknownDecision), store.transaction() as tx:
        tx.decisions.set_outcome(nowhere, None)


def test_truths_are_kept_in_order(store: SqlStore) -> None:
    decision = a_decision()
    truths = [
        Truth(verdict=verdict, note=note, reported_by="key:demo", reported_at=NOW)
        for verdict, note in [(Verdict.REJECT, "a chargeback"), (Verdict.APPROVE, "appealed")]
    ]
    with store.transaction() as tx:
        tx.decisions.add([decision])
        for truth in truths:
            tx.decisions.add_truth(decision.id, truth)
        assert tx.decisions.truths(decision.id) == truths
        assert tx.decisions.truths(DecisionId("dec_none")) == []
