"""Recorded decisions for replay: columns as they were, on every backend, in batches."""

from datetime import timedelta

import pytest

from service.domain.decision import Assessment, Reason, Thresholds, Zone
from service.domain.label import Label
from service.domain.outcome import Truth, Verdict
from service.domain.recorded import Period
from service.store import recorded
from service.store.sql_store import SqlStore
from tests.examples import GATE, MINUTE, NOW, a_decision, a_task


def test_columns_come_back_as_they_were(store: SqlStore) -> None:
    plain = a_decision(created_at=NOW, category="books", signals={"token_logprobs": [-0.1]})
    noted = a_decision(
        created_at=NOW + MINUTE,
        zone=Zone.HUMAN_REVIEW,
        reason=Reason.GUARD,
        thresholds=Thresholds(low=None, high=None),
        assessment=Assessment(
            confidence=0.95, raw_score=0.9, model_version="m@1", notes=("truncated",)
        ),
        panel=True,
    )
    failed = a_decision(
        created_at=NOW + 2 * MINUTE,
        assessment=Assessment(confidence=None, failure=Reason.SCORER_FAILED),
    )
    elsewhere = a_decision(gate="other")
    with store.transaction() as tx:
        tx.decisions.add([plain, noted, failed, elsewhere])
        tx.labels.add(
            Label(
                decision_id=noted.id,
                gate=GATE,
                raw_score=0.9,
                source="m@1",
                category=None,
                right=False,
                panel=True,
                reviewer="person:lin",
                at=NOW,
            )
        )
        for verdict in (Verdict.REJECT, Verdict.APPROVE):
            tx.decisions.add_truth(
                plain.id, Truth(verdict=verdict, note="", reported_by="x", reported_at=NOW)
            )
    with store.reading() as tx:
        [batch] = tx.recorded.stream(Period(gate=GATE, limit=10))
    assert list(batch.versions) == [1, 1, 1]
    assert list(batch.categories) == [None, None, "books"]
    assert list(batch.sources) == [None, "m@1", "signal:token_logprobs"]
    assert list(batch.raw_scores) == [None, 0.9, 0.5]
    assert list(batch.confidences) == [None, 0.95, 0.5]
    assert list(batch.reasons) == ["between", "guard", "between"]
    assert list(map(bool, batch.noted)) == [False, True, False]
    assert list(map(bool, batch.panel)) == [False, True, False]
    assert list(batch.right) == [None, False, None]
    assert list(batch.truths) == [None, None, True], "what was learned last"


def test_what_audits_could_draw(store: SqlStore) -> None:
    drawn, passed = (
        a_decision(created_at=NOW + n * MINUTE, zone=Zone.AUTO_APPROVE, audit_probability=p)
        for n, p in enumerate((0.25, 0.125))
    )
    with store.transaction() as tx:
        tx.decisions.add([drawn, passed, a_decision(created_at=NOW)])
        tx.tasks.add([a_task(drawn, audit=True)])
        tx.labels.add(
            Label(
                decision_id=drawn.id,
                gate=GATE,
                raw_score=0.5,
                source="m@1",
                category=None,
                right=False,
                panel=False,
                reviewer="person:lin",
                at=NOW,
            )
        )
    with store.reading() as tx:
        assert tx.decisions.get(drawn.id) == drawn
        assert tx.recorded.first(GATE) == NOW
        assert tx.recorded.first("gone") is None
        found = tx.recorded.audits(Period(gate=GATE, limit=9))
        assert tx.recorded.audits(Period(gate="gone", limit=9)).zones == ()
    assert list(found.zones) == ["auto_approve"] * 2
    assert list(found.probabilities) == [0.125, 0.25]
    assert list(map(bool, found.drawn)) == [False, True]
    assert list(found.right) == [None, False]


def test_a_period_and_its_limit(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "BATCH", 3)
    moments = [NOW + timedelta(minutes=n) for n in range(8)]
    with store.transaction() as tx:
        tx.decisions.add([a_decision(created_at=moment) for moment in moments])

    def sizes(period: Period) -> list[int]:
        return [len(batch) for batch in tx.recorded.stream(period)]

    with store.reading() as tx:
        everything = Period(gate=GATE, limit=100)
        assert sizes(everything) == [3, 3, 2]
        assert tx.recorded.span(everything) == (moments[0], moments[-1])
        newest = Period(gate=GATE, limit=2)
        assert (sizes(newest), tx.recorded.span(newest)) == ([2], (moments[6], moments[7]))
        part = Period(gate=GATE, since=moments[2], until=moments[4], limit=100)
        assert (sizes(part), tx.recorded.span(part)) == ([2], (moments[2], moments[3]))
        nothing = Period(gate="gone", limit=5)
        assert (sizes(nothing), tx.recorded.span(nothing)) == ([], None)
