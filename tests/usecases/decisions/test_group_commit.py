"""Group commit: what one bad entry may not do to the others, and what an answer promises."""

import asyncio
from typing import Any

import pytest

from service.domain.decision import Item
from service.domain.errors import IdempotencyMismatch
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.shared.idempotency import Receipt
from tests.usecases.acting import ids
from tests.usecases.conftest import ANN, House


def receipt(key: str | None = None, fingerprint: str = "same", render: Any = ids) -> Receipt[Any]:
    return Receipt(principal=ANN.name, render=render, key=key, fingerprint=fingerprint)


async def ask(house: House, how: Receipt[Any]) -> dict[str, Any]:
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.5})
    return await house.decide(order, ANN, how)


def count(house: House) -> int:
    with house.store.reading() as tx:
        return sum(tx.tasks.count_by_state(None).values())


def test_many_at_once_are_all_written(house: House) -> None:
    async def crowd() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask(house, receipt()) for _ in range(300)))

    answers = asyncio.run(crowd())
    assert len({answer["decision"] for answer in answers}) == 300
    assert count(house) == 300


def test_one_key_many_times_in_one_batch_makes_one_decision(house: House) -> None:
    async def crowd() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask(house, receipt("key")) for _ in range(50)))

    answers = asyncio.run(crowd())
    assert len({answer["decision"] for answer in answers}) == 1
    assert count(house) == 1


def test_a_key_used_for_another_request_fails_alone(house: House) -> None:
    async def crowd() -> list[Any]:
        return await asyncio.gather(
            ask(house, receipt("key", "one")),
            ask(house, receipt("key", "another")),
            ask(house, receipt("other key")),
            return_exceptions=True,
        )

    first, second, third = asyncio.run(crowd())
    assert isinstance(first, dict)
    assert isinstance(second, IdempotencyMismatch)
    assert isinstance(third, dict)
    assert count(house) == 2


def test_an_entry_that_cannot_be_written_fails_alone_and_wholly(house: House) -> None:
    def broken(_: object) -> dict[str, Any]:
        raise RuntimeError("no answer can be made of this")

    async def crowd() -> list[Any]:
        return await asyncio.gather(
            *(ask(house, receipt()) for _ in range(5)),
            ask(house, receipt(render=broken)),
            *(ask(house, receipt()) for _ in range(5)),
            return_exceptions=True,
        )

    answers = asyncio.run(crowd())
    assert [type(answer) for answer in answers].count(dict) == 10
    assert isinstance(answers[5], RuntimeError)
    assert count(house) == 10


def test_a_caller_who_went_away_does_not_stop_the_writer(house: House) -> None:
    async def leave() -> None:
        waiting = asyncio.ensure_future(ask(house, receipt()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await ask(house, receipt())

    asyncio.run(leave())
    assert count(house) >= 1


def test_a_batch_is_written_wholly_or_not_at_all(house: House) -> None:
    def broken(_: object) -> dict[str, Any]:
        raise RuntimeError("no answer can be made of this")

    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.5})

    async def both() -> list[Any]:
        return await asyncio.gather(
            house.decide.many("gate", [order] * 3, ANN, receipt(render=broken)),
            house.decide.many("gate", [order] * 4, ANN, receipt(render=lambda m: {"n": len(m)})),
            return_exceptions=True,
        )

    failed, written = asyncio.run(both())
    assert isinstance(failed, RuntimeError)
    assert written == {"n": 4}
    assert count(house) == 4
