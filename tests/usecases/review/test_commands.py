"""Answers: when they agree, and when they can no longer be taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.access import Principal, Scope
from service.domain.errors import UndoWindowClosed
from service.domain.outcome import Verdict
from service.domain.review import Answer, TaskState
from service.domain.values import Json
from service.usecases.review.answers import AnswerOrder
from tests.usecases.acting import answer, ask, claim
from tests.usecases.conftest import ANN, POLICY, House

BEN = Principal(name="person:ben", scopes=frozenset(Scope))
EVE = Principal(name="person:eve", scopes=frozenset(Scope))


def approve(house: House, who: Principal, edited: Json = None) -> TaskState:
    """Claim the task that waits, and approve it."""
    [view] = house.review.claim(who)
    assert view.task.lease
    order = AnswerOrder(
        task_id=view.task.id,
        lease_token=view.task.lease.token,
        answer=Answer.APPROVE,
        edited_result=edited,
    )
    return house.review.answer(order, who).task.state


def test_two_agree_only_who_approve_the_same_result(house: House) -> None:
    house.adopt(POLICY, review=replace(POLICY.review, quorum=2))
    asked = ask(house, ai_result="the AI's words")
    assert approve(house, ANN, "better words") is TaskState.PENDING
    assert approve(house, BEN) is TaskState.PENDING  # not what Ann approved
    assert approve(house, EVE, "better words") is TaskState.RESOLVED
    outcome = house.outcomes.read(asked["decision"], ANN).outcome
    assert outcome
    assert (outcome.verdict, outcome.edited_result) == (Verdict.APPROVE, "better words")


def test_a_verdict_that_a_run_has_taken_stays(house: House) -> None:
    asked = ask(house)
    view = claim(house)
    answer(house, view, undo=timedelta(seconds=5))
    with house.store.transaction() as tx:  # a replica whose clock is ahead gave it out
        tx.decisions.take(asked["decision"], "run-1")
    with pytest.raises(UndoWindowClosed):
        house.review.undo(view.task.id, ANN)
