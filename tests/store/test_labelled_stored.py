"""Labelled items: who said what, on every backend, row by row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from service.domain.decision import Decision, Zone
from service.domain.labelled import By, Case, LabelledItem
from service.domain.outcome import Truth, Verdict
from service.domain.review import Answer, GivenAnswer, TaskState
from service.store.engine import open_engine
from service.store.labelled import SqlLabelled
from service.store.sql_store import SqlStore
from tests.examples import GATE, MINUTE, NOW, a_decision, a_task


def answered(
    store: SqlStore, decision: Decision, *answers: Answer, edited: Any = None, **task: Any
) -> None:
    """The decision, with a settled task; the last answer has the edit."""
    given = tuple(
        GivenAnswer(
            reviewer=f"person:{place}",
            answer=answer,
            comment="",
            edited_result=edited if place == len(answers) - 1 else None,
            at=NOW + (place + 1) * MINUTE,
        )
        for place, answer in enumerate(answers)
    )
    made = a_task(decision, **({"state": TaskState.RESOLVED, "answers": given} | task))
    with store.transaction() as tx:
        tx.decisions.add([decision])
        tx.tasks.add([made])


def found(store: SqlStore, **asked: Any) -> list[LabelledItem]:
    with store.reading() as tx:
        return list(tx.labelled.of(GATE, **asked))


def test_what_people_said(store: SqlStore) -> None:
    chosen = a_decision(audit_probability=0.25)
    answered(store, chosen, Answer.UNSURE, Answer.APPROVE)
    drawn = replace(a_decision(), panel=True, zone=Zone.AUTO_APPROVE)
    answered(store, drawn, Answer.REJECT, audit=True)
    edited = a_decision()
    answered(store, edited, Answer.APPROVE, edited={"publish": False})
    answered(store, a_decision(), state=TaskState.PENDING)
    answered(store, a_decision(), Answer.APPROVE, state=TaskState.CLAIMED)  # taken back
    answered(store, a_decision(gate="other"), Answer.APPROVE)
    first, second, third = found(store)
    assert (first.decision_id, first.by, first.right) == (chosen.id, By.REVIEW, True)
    assert first.said
    assert (first.audit_probability, second.audit_probability) == (0.25, None)
    assert (first.said.reviewer, first.known_at) == ("person:1", NOW + 2 * MINUTE)
    assert (second.by, second.right, second.case) == (By.PANEL, False, Case.FAILURE)
    assert (third.right, third.said and third.said.edited_result) == (False, {"publish": False})


def test_the_newest_truth_stands_above_what_was_said(store: SqlStore) -> None:
    reviewed, automatic = a_decision(), replace(a_decision(), zone=Zone.AUTO_APPROVE)
    answered(store, reviewed, Answer.APPROVE)
    with store.transaction() as tx:
        tx.decisions.add([automatic])
        for one, verdicts in (
            (reviewed, [Verdict.APPROVE, Verdict.REJECT]),
            (automatic, [Verdict.APPROVE]),
        ):
            for verdict in verdicts:
                truth = Truth(verdict=verdict, note="", reported_by="key:shop", reported_at=NOW)
                tx.decisions.add_truth(one.id, truth)
    first, second = found(store)
    assert (first.by, first.right, first.said and first.said.right) == (By.TRUTH, False, True)
    assert (second.said, second.by, second.case) == (None, By.TRUTH, Case.SUCCESS)


def test_pages_follow_each_other(store: SqlStore) -> None:
    decisions = [a_decision(created_at=NOW + place // 2 * MINUTE) for place in range(5)]
    for decision in decisions:
        answered(store, decision, Answer.APPROVE)
    page = found(store, limit=3)
    rest = found(store, after=page[-1].decision_id, limit=3)
    assert [one.decision_id for one in page + rest] == [one.id for one in decisions]


def test_sqlite_streams_in_the_order_of_an_index(tmp_path: Path) -> None:
    """With a million items, sorting them all or looking tasks up by their state takes hours."""
    store = SqlStore(f"sqlite:///{tmp_path}/gate.db")
    store.migrate()
    store.close()
    engine = open_engine(f"sqlite:///{tmp_path}/gate.db")
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    with engine.connect() as connection:
        list(SqlLabelled(connection).of(GATE))
        [query] = [statement for statement in asked if "task_answers" in statement]
        parameters = tuple(0 for _ in range(query.count("?")))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters).all()
    engine.dispose()
    told = "\n".join(str(row[3]) for row in plan)
    assert "decisions USING INDEX ix_decisions_gate_created_at" in told
    assert "review_tasks USING INDEX ix_review_tasks_decision_id" in told
    assert "TEMP B-TREE FOR ORDER BY" not in told
