"""The review task's rules one by one, where a reader wants an example."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain import review_moves
from service.domain.errors import (
    ExpertsOnly,
    IllegalMove,
    SecondAnswer,
    StaleLease,
    UndoWindowClosed,
)
from service.domain.ids import LeaseToken
from service.domain.outcome import Verdict
from service.domain.review import Answer, GivenAnswer, Reviewer, ReviewTask, TaskState
from service.domain.review_moves import Move
from service.domain.values import Json
from tests.examples import MINUTE, NOW, a_decision, a_lease, a_task

LIN, MEI, WU = Reviewer(name="lin"), Reviewer(name="mei"), Reviewer(name="wu", expert=True)
UNDO = timedelta(seconds=5)


def claimed(task: ReviewTask, who: Reviewer = LIN) -> ReviewTask:
    return review_moves.claim(task, who, LeaseToken(f"lse_{who.name}"), NOW, MINUTE)


def said(task: ReviewTask, who: Reviewer, answer: Answer) -> ReviewTask:
    given = GivenAnswer(reviewer=who.name, answer=answer, comment="", edited_result=None, at=NOW)
    return review_moves.answer(task, f"lse_{who.name}", given, UNDO)


def agreed(task: ReviewTask, who: Reviewer, *, sure: bool) -> ReviewTask:
    given = GivenAnswer(
        reviewer=who.name, answer=Answer.APPROVE, comment="", edited_result=None, at=NOW
    )
    return review_moves.answer(claimed(task, who), f"lse_{who.name}", given, UNDO, lambda _: sure)


@pytest.fixture
def task() -> ReviewTask:
    return a_task(a_decision())


def test_a_verdict_resolves_and_settles_after_the_undo_window(task: ReviewTask) -> None:
    resolved = said(claimed(task), LIN, Answer.APPROVE)
    assert resolved.state is TaskState.RESOLVED
    assert resolved.verdict is Verdict.APPROVE
    assert resolved.settles_at == NOW + UNDO


def test_two_of_three_decide_by_majority(task: ReviewTask) -> None:
    task = replace(task, quorum=2)
    task = said(claimed(task, LIN), LIN, Answer.APPROVE)
    task = said(claimed(task, MEI), MEI, Answer.REJECT)
    assert task.state is TaskState.PENDING
    with pytest.raises(SecondAnswer):
        claimed(task, LIN)
    task = said(claimed(task, WU), WU, Answer.REJECT)
    assert task.verdict is Verdict.REJECT


def test_a_verdict_that_is_not_sure_asks_another_until_it_is(task: ReviewTask) -> None:
    task = replace(task, quorum=2)
    for who in (LIN, MEI):
        task = agreed(task, who, sure=False)
        assert task.state is TaskState.PENDING
    task = agreed(task, WU, sure=True)
    assert task.state is TaskState.RESOLVED
    assert task.verdict is Verdict.APPROVE


def test_one_answer_decides_where_one_is_asked_for(task: ReviewTask) -> None:
    assert agreed(task, LIN, sure=False).state is TaskState.RESOLVED


def test_an_answer_never_ends_a_task_the_other_way(task: ReviewTask) -> None:
    task = replace(task, quorum=2)
    for who in (LIN, MEI):
        task = agreed(task, who, sure=False)
    against = said(claimed(task, WU), WU, Answer.REJECT)  # sure, and overruled by the two
    assert against.state is TaskState.PENDING


def test_in_the_end_an_expert_decides_alone(task: ReviewTask) -> None:
    task = replace(task, quorum=2)
    people = [Reviewer(name=f"p{n}") for n in range(5)]
    for place, who in enumerate(people):
        assert task.state is TaskState.PENDING
        edited: Json = {"text": place}
        given = GivenAnswer(
            reviewer=who.name, answer=Answer.APPROVE, comment="", edited_result=edited, at=NOW
        )
        task = review_moves.answer(claimed(task, who), f"lse_{who.name}", given, UNDO)
    assert task.state is TaskState.ESCALATED
    with pytest.raises(ExpertsOnly):
        claimed(task, LIN)
    unsure = said(claimed(task, WU), WU, Answer.UNSURE)
    assert (unsure.state, unsure.verdict) == (TaskState.ESCALATED, None)
    done = said(claimed(task, WU), WU, Answer.REJECT)
    assert (done.state, done.verdict) == (TaskState.RESOLVED, Verdict.REJECT)


def test_unsure_goes_to_experts_only(task: ReviewTask) -> None:
    escalated = said(claimed(task), LIN, Answer.UNSURE)
    with pytest.raises(ExpertsOnly):
        claimed(escalated, MEI)
    assert claimed(escalated, WU).state is TaskState.CLAIMED


@pytest.mark.parametrize(
    ("token", "holder", "late"),
    [("lse_lin", "mei", False), ("lse_mei", "lin", False), ("lse_lin", "lin", True)],
    ids=["another person", "another token", "lapsed"],
)
def test_a_lease_that_does_not_hold_answers_nothing(
    task: ReviewTask, token: str, holder: str, late: bool
) -> None:
    at = NOW + (MINUTE if late else timedelta(0))
    given = GivenAnswer(
        reviewer=holder, answer=Answer.APPROVE, comment="", edited_result=None, at=at
    )
    with pytest.raises(StaleLease):
        review_moves.answer(claimed(task), token, given, UNDO)


def test_an_answer_that_ends_nothing_is_taken_back_until_somebody_has_the_task(
    task: ReviewTask,
) -> None:
    token = LeaseToken("lse_undo")
    escalated = said(claimed(task), LIN, Answer.UNSURE)
    undone = review_moves.undo(escalated, "lin", token, NOW, MINUTE)
    assert (undone.state, undone.claimed_from) == (TaskState.CLAIMED, TaskState.PENDING)
    assert undone.answers == ()
    with pytest.raises(StaleLease):
        review_moves.undo(escalated, "wu", token, NOW, MINUTE)
    with pytest.raises(UndoWindowClosed):
        review_moves.undo(escalated, "lin", token, NOW + UNDO, MINUTE)
    taken = review_moves.claim(escalated, WU, token, NOW, MINUTE)
    with pytest.raises(IllegalMove):
        review_moves.undo(taken, "lin", token, NOW, MINUTE)
    given_back = review_moves.release(taken, token, WU.name, NOW)
    with pytest.raises(UndoWindowClosed):
        review_moves.undo(given_back, "lin", token, NOW, MINUTE)


def test_undo_closes_with_its_window(task: ReviewTask) -> None:
    resolved = said(claimed(task), LIN, Answer.APPROVE)
    token = LeaseToken("lse_undo")
    undone = review_moves.undo(resolved, "lin", token, NOW, MINUTE)
    assert undone.state is TaskState.CLAIMED
    assert undone.answers == ()
    with pytest.raises(StaleLease):
        review_moves.undo(resolved, "mei", token, NOW, MINUTE)
    with pytest.raises(UndoWindowClosed):
        review_moves.undo(resolved, "lin", token, NOW + UNDO, MINUTE)


def test_every_state_and_move_not_in_the_table_is_illegal(task: ReviewTask) -> None:
    given = GivenAnswer(
        reviewer="lin", answer=Answer.APPROVE, comment="", edited_result=None, at=NOW
    )
    late = task.deadline_at
    token = LeaseToken("lse_1")
    moves = {
        Move.CLAIM: lambda t: review_moves.claim(t, WU, token, NOW, MINUTE),
        Move.RENEW: lambda t: review_moves.renew(t, token, "lin", NOW, MINUTE),
        Move.RELEASE: lambda t: review_moves.release(t, token, "lin", NOW),
        Move.LAPSE: lambda t: review_moves.lapse(t, late),
        Move.ANSWER: lambda t: review_moves.answer(t, token, given, UNDO),
        Move.UNDO: lambda t: review_moves.undo(t, "lin", token, NOW, MINUTE),
        Move.EXPIRE: lambda t: review_moves.expire(t, late),
        Move.CANCEL: review_moves.cancel,
    }
    assert moves.keys() == set(Move)
    for state in TaskState:
        lease = a_lease("lin", NOW + MINUTE) if state is TaskState.CLAIMED else None
        undoable = state in review_moves.LEGAL_FROM[Move.UNDO]
        at_state = replace(
            task,
            state=state,
            lease=lease,
            answers=(given,) if undoable else (),
            settles_at=NOW + UNDO if undoable else None,
        )
        for move, act in moves.items():
            if state in review_moves.LEGAL_FROM[move]:
                assert act(at_state).revision == 1, (state, move)
            else:
                with pytest.raises(IllegalMove):
                    act(at_state)
