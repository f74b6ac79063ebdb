"""The queue before the model: who runs with whom, who is turned away, who is forgotten."""

import asyncio
import math
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.decision import Item
from service.domain.errors import Overloaded, ScorerFailed
from service.scoring.answer import Answer
from service.scoring.batching import (
    MOST_PADDING,
    Request,
    Tokenised,
    Waiting,
    around,
)
from service.scoring.reading import Inputs


@given(st.lists(st.integers(1, 128), min_size=1, max_size=60), st.integers(1, 40))
def test_a_batch_holds_the_oldest_and_little_padding(
    lengths: list[int], largest_batch: int
) -> None:
    chosen = around(0, lengths, largest_batch)
    picked = [lengths[place] for place in chosen]
    assert 0 in chosen
    assert len(set(chosen)) == len(chosen) <= largest_batch
    assert sum(picked) >= (1 - MOST_PADDING) * len(picked) * max(picked) - 1e-9


@given(st.integers(1, 128), st.integers(1, 60), st.integers(1, 40))
def test_texts_of_one_length_fill_the_batch(length: int, texts: int, largest_batch: int) -> None:
    assert len(around(0, [length] * texts, largest_batch)) == min(texts, largest_batch)


def test_the_nearest_lengths_come_along_and_far_ones_wait() -> None:
    lengths = [20, 100, 21, 5, 20, 19]
    assert sorted(around(0, lengths, 32)) == [0, 2, 4, 5]


def tokenise(requests: Sequence[Request]) -> list[Tokenised]:
    return [
        Tokenised(
            request=request, inputs=Inputs(rows={"ids": np.ones(len(request.item.text or ""))})
        )
        for request in requests
    ]


async def request(text: str, gate: str = "", deadline: float = math.inf) -> Request:
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    return Request(item=Item(text=text), gate=gate, deadline=deadline, answer=answer)


def test_a_full_queue_turns_away_and_says_when_to_come_back() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=2, largest_batch=8)
        for _ in range(2):
            waiting.put(await request("text"))
        with pytest.raises(Overloaded) as refused:
            waiting.put(await request("text"))
        assert refused.value.retry_after > 0

    asyncio.run(scenario())


def test_the_abandoned_make_room_and_are_never_run() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=2, largest_batch=8)
        gone, here, late = [await request(text) for text in ("gone", "here", "late")]
        waiting.put(gone)
        waiting.put(here)
        gone.answer.cancel()
        waiting.put(late)
        batch = waiting.take(tokenise)
        assert batch is not None
        assert [item.request for item in batch] == [here, late]

    asyncio.run(scenario())


def test_who_leaves_while_being_tokenised_is_not_run() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=8, largest_batch=8)
        gone, here = await request("gone"), await request("here")
        waiting.put(gone)
        waiting.put(here)

        def leaving(requests: Sequence[Request]) -> list[Tokenised]:
            gone.answer.cancel()
            return tokenise(requests)

        batch = waiting.take(leaving)
        assert batch is not None
        assert [item.request for item in batch] == [here]

    asyncio.run(scenario())


def test_those_of_other_lengths_wait_for_the_next_batch_in_their_order() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=8, largest_batch=8)
        requests = [await request("x" * length) for length in (10, 50, 10, 90)]
        for each in requests:
            waiting.put(each)
        batches = [waiting.take(tokenise) for _ in range(3)]
        texts = [[len(item.inputs) for item in batch or []] for batch in batches]
        assert texts == [[10, 10], [50], [90]]

    asyncio.run(scenario())


def test_closing_sends_a_waiting_worker_home_and_tells_who_was_left() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=8, largest_batch=8)
        taken: list[object] = []
        worker = threading.Thread(target=lambda: taken.append(waiting.take(tokenise)))
        worker.start()
        waiting.close()
        worker.join(timeout=10)
        assert taken == [None]
        with pytest.raises(ScorerFailed):
            waiting.put(await request("late"))
        assert waiting.left() == []

    asyncio.run(scenario())


async def texts_of(waiting: Waiting, takes: int) -> list[list[str | None]]:
    batches = [waiting.take(tokenise) or [] for _ in range(takes)]
    return [[item.request.item.text for item in batch] for batch in batches]


def test_a_flood_by_one_gate_starves_no_other() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=1000, largest_batch=4)
        for _ in range(100):
            waiting.put(await request("f" * 10, "flooding"))
        for _ in range(3):
            waiting.put(await request("s" * 30, "small"))
        first, second = await texts_of(waiting, 2)
        assert first == ["f" * 10] * 4
        assert second == ["s" * 30] * 3

    asyncio.run(scenario())


def test_gates_that_keep_asking_get_as_much_of_the_model_each() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=10_000, largest_batch=8)
        for _ in range(400):
            waiting.put(await request("l" * 100, "long"))
            waiting.put(await request("s" * 10, "short"))
        work = {"long": 0, "short": 0}
        for _ in range(40):
            for item in waiting.take(tokenise) or []:
                work[item.request.gate] += len(item.inputs)
        assert abs(work["long"] - work["short"]) <= 8 * 100

    asyncio.run(scenario())


def test_a_batch_is_filled_with_texts_of_any_gate() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=100, largest_batch=8)
        for gate in ("a", "b", "c"):
            waiting.put(await request(gate * 20, gate))
        assert await texts_of(waiting, 1) == [["a" * 20, "b" * 20, "c" * 20]]

    asyncio.run(scenario())


def test_the_most_urgent_of_a_gate_goes_first() -> None:
    async def scenario() -> None:
        waiting, soon = Waiting(limit=100, largest_batch=8), time.monotonic() + 60
        waiting.put(await request("patient" * 9, "a", soon + 60))
        waiting.put(await request("urgent", "a", soon))
        assert await texts_of(waiting, 2) == [["urgent"], ["patient" * 9]]

    asyncio.run(scenario())


def test_a_flood_fills_only_its_share_of_the_queue() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=100, largest_batch=8)

        async def enter(gate: str, texts: int) -> int:
            for entered in range(texts):
                try:
                    waiting.put(await request("text", gate))
                except Overloaded:
                    return entered
            return texts

        assert 50 <= await enter("flooding", 100) <= 51
        assert await enter("small", 10) == 10
        assert 1 <= await enter("another flood", 100) <= 40
        assert len(waiting) < 100  # and there is room for one more gate

    asyncio.run(scenario())


def test_nobody_waits_for_an_answer_that_would_come_too_late() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=100, largest_batch=1, workers=2)
        waiting.ran(1, 8.0)
        for _ in range(3):
            waiting.put(await request("patient"))
        with pytest.raises(Overloaded) as refused:
            waiting.put(await request("hurried", deadline=time.monotonic() + 10))
        assert refused.value.retry_after == 12  # three of 8 s each, by two workers
        waiting.put(await request("less hurried", deadline=time.monotonic() + 60))

    asyncio.run(scenario())


def test_places_of_those_that_leave_by_any_door_are_free_again() -> None:
    async def scenario() -> None:
        waiting = Waiting(limit=8, largest_batch=8)
        unreadable, gone, here = [await request(text) for text in ("unreadable", "gone", "here")]
        for each in (unreadable, gone, here):
            waiting.put(each)
        gone.answer.cancel()
        waiting.take(lambda requests: tokenise([r for r in requests if r is not unreadable]))
        assert len(waiting) == 0

    asyncio.run(scenario())
