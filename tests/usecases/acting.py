"""What tests of the use cases do again and again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from service.domain.access import Principal
from service.domain.decision import Item
from service.domain.ids import DecisionId, TaskId
from service.domain.review import Answer
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.review.answers import AnswerOrder
from service.usecases.review.views import TaskView
from service.usecases.shared.idempotency import AlreadyAnswered, IdempotentRequest
from tests.usecases.conftest import ANN, House


def ids(made: Any) -> dict[str, Any]:
    decision, task = made
    return {"decision": decision.id, "zone": decision.zone.value, "task": task and task.id}


def keyed[T](
    key: str, encode: Callable[[T], dict[str, Any]], fingerprint: str = "f"
) -> IdempotentRequest[T]:
    """A request of Ann's that she may repeat."""
    return IdempotentRequest(principal=ANN.name, key=key, fingerprint=fingerprint, encode=encode)


def told_again(repeat: Callable[[], object]) -> dict[str, Any]:
    """The answer to a request that was answered before."""
    with pytest.raises(AlreadyAnswered) as answered:
        repeat()
    return answered.value.answer


def ask(house: House, score: float = 0.5, **more: Any) -> dict[str, Any]:
    """Ask the gate about an item with this score."""
    given: dict[str, Any] = {"item": Item(text="x"), **more}
    order = DecisionOrder(gate="gate", signals={"score": score}, **given)
    return ids(asyncio.run(house.decide(order, ANN)))


def claim(house: House, who: Principal = ANN) -> TaskView:
    """Claim the most urgent task."""
    return house.review.claim(who)[0]


def answer(
    house: House,
    view: TaskView,
    said: Answer = Answer.APPROVE,
    undo: timedelta = timedelta(0),
    who: Principal = ANN,
) -> None:
    """Answer a claimed task."""
    assert view.task.lease
    house.review.answer(
        AnswerOrder(
            task_id=view.task.id, lease_token=view.task.lease.token, answer=said, undo_window=undo
        ),
        who,
    )


def decided(house: House, said: Answer = Answer.APPROVE) -> tuple[DecisionId, TaskId]:
    """An item that a person has decided, with its delivery in the outbox."""
    ask(house)
    view = claim(house)
    answer(house, view, said)
    return view.decision.id, view.task.id
