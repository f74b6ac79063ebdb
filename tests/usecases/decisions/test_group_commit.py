"""Group commit: what one bad entry may not do to the others, and what an answer promises."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from service.domain.decision import Item
from service.domain.errors import IdempotencyMismatch
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.shared.idempotency import AlreadyAnswered
from tests.usecases.acting import ids, keyed
from tests.usecases.conftest import ANN, House

ORDER = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.5})
UNWRITABLE = replace(ORDER, item=Item(text="\ud800"))
"""Half a character: no bytes can be made of it."""


async def ask(house: House, key: str | None = None, fingerprint: str = "f") -> dict[str, Any]:
    """What the caller is told: anew, or again."""
    request = keyed(key, ids, fingerprint) if key else None
    try:
        return ids(await house.decide(ORDER, ANN, request=request))
    except AlreadyAnswered as before:
        return before.answer


def broken(_: object) -> dict[str, Any]:
    raise RuntimeError("no answer can be made of this")


def count(house: House) -> int:
    with house.store.reading() as tx:
        return sum(tx.tasks.count_by_state(None).values())


def test_many_at_once_are_all_written(house: House) -> None:
    async def crowd() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask(house) for _ in range(300)))

    answers = asyncio.run(crowd())
    assert len({answer["decision"] for answer in answers}) == 300
    assert count(house) == 300


def test_one_key_many_times_in_one_batch_makes_one_decision(house: House) -> None:
    async def crowd() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask(house, "key") for _ in range(50)))

    answers = asyncio.run(crowd())
    assert len({answer["decision"] for answer in answers}) == 1
    assert count(house) == 1


def test_a_key_used_for_another_request_fails_alone(house: House) -> None:
    async def crowd() -> list[dict[str, Any] | BaseException]:
        asked = [ask(house, "key", "one"), ask(house, "key", "another"), ask(house, "other key")]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(crowd())
    assert isinstance(first, dict)
    assert isinstance(second, IdempotencyMismatch)
    assert isinstance(third, dict)
    assert count(house) == 2


def test_an_entry_that_cannot_be_written_fails_alone_and_wholly(house: House) -> None:
    async def crowd() -> list[Any]:
        return await asyncio.gather(
            *(ask(house) for _ in range(5)),
            house.decide(UNWRITABLE, ANN),
            house.decide(ORDER, ANN, request=keyed("key", broken)),
            *(ask(house) for _ in range(5)),
            return_exceptions=True,
        )

    answers = asyncio.run(crowd())
    assert [type(answer) for answer in answers].count(dict) == 10
    assert isinstance(answers[5], UnicodeEncodeError)
    assert isinstance(answers[6], RuntimeError)
    assert count(house) == 10


def test_a_caller_who_went_away_does_not_stop_the_writer(house: House) -> None:
    async def leave() -> None:
        waiting = asyncio.ensure_future(ask(house))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await ask(house)

    asyncio.run(leave())
    assert count(house) >= 1


def test_a_batch_is_written_wholly_or_not_at_all(house: House) -> None:
    async def each() -> list[object]:
        asked = [
            house.decide.many("gate", [ORDER] * 3, ANN, request=keyed("key", broken)),
            house.decide.many("gate", [ORDER, UNWRITABLE, ORDER], ANN),
            house.decide.many("gate", [ORDER] * 4, ANN),
        ]
        return [*await asyncio.gather(*asked, return_exceptions=True)]

    unanswered, unwritten, written = asyncio.run(each())
    assert isinstance(unanswered, RuntimeError)
    assert isinstance(unwritten, UnicodeEncodeError)
    assert isinstance(written, list)
    assert len(written) == 4
    assert count(house) == 4
