"""One key, one effect: what is told to whoever sends a key again."""

import pytest

from service.domain.errors import IdempotencyInFlight, IdempotencyMismatch
from service.usecases.shared.idempotency import IdempotentRequest, once
from tests.usecases.acting import keyed, told_again
from tests.usecases.conftest import House


def count(house: House, request: IdempotentRequest[int] | None, effects: list[str]) -> int:
    """An effect that may be asked for more than once."""
    with house.store.transaction() as tx, once(tx, request, house.clock.now()) as answered:
        effects.append("done")
        return answered(len(effects))


def request(fingerprint: str = "f") -> IdempotentRequest[int]:
    return keyed("key", lambda number: {"number": number}, fingerprint)


def test_the_first_gets_the_result_and_the_second_its_answer(house: House) -> None:
    effects: list[str] = []
    assert count(house, request(), effects) == 1
    assert told_again(lambda: count(house, request(), effects)) == {"number": 1}
    assert effects == ["done"]


def test_a_key_is_for_one_request(house: House) -> None:
    effects: list[str] = []
    count(house, request(), effects)
    with pytest.raises(IdempotencyMismatch):
        count(house, request("another"), effects)
    assert effects == ["done"]


def test_whoever_will_not_ask_again_needs_no_key(house: House) -> None:
    effects: list[str] = []
    assert [count(house, None, effects) for _ in range(2)] == [1, 2]


def test_an_effect_that_fails_leaves_its_key_free(house: House) -> None:
    def fail(_: int) -> dict[str, object]:
        raise RuntimeError("no answer can be made of this")

    effects: list[str] = []
    with pytest.raises(RuntimeError):
        count(house, keyed("key", fail), effects)
    assert count(house, request(), effects) == 2


def test_a_key_without_an_answer_is_in_flight(house: House) -> None:
    with house.store.transaction() as tx:
        tx.idempotency.claim(request().principal, "key", "f", house.clock.now())
    with pytest.raises(IdempotencyInFlight):
        count(house, request(), [])
