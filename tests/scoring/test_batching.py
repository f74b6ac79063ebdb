"""The queue before the model: who runs with whom, who is turned away, who is forgotten."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.decision import Item
from service.domain.errors import Overloaded, ScorerFailed
from service.scoring.batching import (
    MOST_PADDING,
    Request,
    Tokenised,
    Waiting,
    around_the_oldest,
)
from service.scoring.reading import Inputs


@given(st.lists(st.integers(1, 128), min_size=1, max_size=60), st.integers(1, 40))
def test_a_batch_holds_the_oldest_and_little_padding(
    lengths: list[int], largest_batch: int
) -> None:
    chosen = around_the_oldest(lengths, largest_batch)
    picked = [lengths[place] for place in chosen]
    assert 0 in chosen
    assert len(set(chosen)) == len(chosen) <= largest_batch
    assert sum(picked) >= (1 - MOST_PADDING) * len(picked) * max(picked) - 1e-9


@given(st.integers(1, 128), st.integers(1, 60), st.integers(1, 40))
def test_texts_of_one_length_fill_the_batch(length: int, texts: int, largest_batch: int) -> None:
    assert len(around_the_oldest([length] * texts, largest_batch)) == min(texts, largest_batch)


def test_the_nearest_lengths_come_along_and_far_ones_wait() -> None:
    lengths = [20, 100, 21, 5, 20, 19]
    assert sorted(around_the_oldest(lengths, 32)) == [0, 2, 4, 5]


def test_nobody_waiting_makes_no_batch() -> None:
    assert around_the_oldest([], 32) == []


def tokenise(requests: Sequence[Request]) -> list[Tokenised]:
    return [
        Tokenised(
            request=request, inputs=Inputs(rows={"ids": np.ones(len(request.item.text or ""))})
        )
        for request in requests
    ]


async def request(text: str) -> Request:
    return Request(item=Item(text=text), answer=asyncio.get_running_loop().create_future())


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
