"""The scorer against a real server where GATE_TEST_OPENAI_URL names one (with its model in
GATE_TEST_OPENAI_MODEL), else against what one was recorded to answer."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service.domain.decision import Item, Reads
from service.domain.errors import Overloaded, ScorerFailed
from service.domain.language_model import LanguageModel
from service.scoring.openai.breaker import FAILURES_TO_OPEN, PAUSE_SECONDS, Breaker
from service.scoring.openai.scorer import TRIES, LanguageModelScorer
from tests.scoring.openai.recorded import ITEMS, RECORDING, TOO_LONG, judge, recorded_server

FINE, RUDE, *_ = ITEMS


@pytest.fixture(scope="module")
def model() -> Iterator[LanguageModel]:
    url = os.environ.get("GATE_TEST_OPENAI_URL")
    if url:
        yield judge(url, os.environ["GATE_TEST_OPENAI_MODEL"])
    else:
        with recorded_server() as url:
            yield judge(url)


def test_the_models_own_probabilities_come_back(model: LanguageModel) -> None:
    async def ask() -> None:
        scorer = LanguageModelScorer(model)
        scores = await asyncio.gather(*(scorer.score(item) for item in ITEMS))
        for score in scores:
            assert set(score.probabilities) == {"acceptable", "offensive"}
            assert sum(score.probabilities.values()) == pytest.approx(1)
            assert score.model_version == scorer.version
            assert not score.truncated
        fine, rude = scores[0].probabilities, scores[1].probabilities
        assert fine["acceptable"] > rude["acceptable"]
        scorer.close()

    asyncio.run(ask())


def test_recorded_numbers_are_read_as_they_were_given() -> None:
    recorded = json.loads(RECORDING.read_text("utf-8"))[0]["answer"]
    first = recorded["choices"][0]["logprobs"]["content"][0]
    listed = {entry["token"]: entry["logprob"] for entry in first["top_logprobs"]}

    async def ask(url: str) -> dict[str, float]:
        return dict((await LanguageModelScorer(judge(url)).score(FINE)).probabilities)

    with recorded_server() as url:
        found = asyncio.run(ask(url))
    odds = 2.718281828459045 ** (listed["A"] - listed["B"])
    # Spellings with white space around may add a little.
    assert found["acceptable"] / found["offensive"] == pytest.approx(odds, rel=0.02)


def test_an_item_that_is_too_long_fails_alone(model: LanguageModel) -> None:
    async def ask() -> None:
        scorer = LanguageModelScorer(model)
        for _ in range(FAILURES_TO_OPEN + 1):
            with pytest.raises(ScorerFailed, match="refused"):
                await scorer.score(TOO_LONG)
        assert (await scorer.score(FINE)).probabilities

    asyncio.run(ask())


def test_a_model_that_the_server_lacks_is_told_and_not_tried_again() -> None:
    with recorded_server() as url, pytest.raises(ScorerFailed, match="404"):
        asyncio.run(LanguageModelScorer(judge(url, "another")).score(FINE))


def test_nothing_to_read_is_no_score() -> None:
    scorer = LanguageModelScorer(judge("http://127.0.0.1:9/v1/"))
    assert scorer.reads is Reads.EITHER
    with pytest.raises(ScorerFailed, match="nothing to score"):
        asyncio.run(scorer.score(Item(text="  ")))


# --- trouble, made by a server that misbehaves as told ---

type Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def server_that(replies: Callable[[int], Reply]) -> Iterator[tuple[str, list[int]]]:
    """Answers the n-th request (from 0) with replies(n); notes the requests."""
    seen: list[int] = []

    class Troubled(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(len(seen))
            status, headers, body = replies(len(seen) - 1)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Troubled)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/", seen
    finally:
        server.shutdown()
        server.server_close()


def good() -> Reply:
    return 200, {}, json.dumps(json.loads(RECORDING.read_text("utf-8"))[0]["answer"]).encode()


def impatient(url: str, pauses: list[float], **other: Any) -> LanguageModelScorer:
    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    return LanguageModelScorer(judge(url, **other), pause=pause)


def failure_of(scorer: LanguageModelScorer) -> BaseException:
    with pytest.raises((ScorerFailed, TimeoutError)) as caught:
        asyncio.run(scorer.score(FINE))
    return caught.value


def test_passing_trouble_is_tried_again_and_retry_after_is_honoured() -> None:
    replies: list[Reply] = [(503, {}, b""), (429, {"retry-after": "3"}, b""), good()]
    pauses: list[float] = []
    with server_that(lambda n: replies[n]) as (url, seen):
        assert asyncio.run(impatient(url, pauses).score(FINE)).probabilities
    assert len(seen) == 3
    assert pauses[0] < 3 == pauses[1]


def test_trouble_that_stays_is_a_failure_after_the_last_try() -> None:
    with server_that(lambda n: (500, {}, b"")) as (url, seen):
        failure = failure_of(impatient(url, []))
    assert "HTTP 500" in str(failure)
    assert len(seen) == TRIES


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": "A"}, "logprobs": null}]}',
        b'{"choices": [{"logprobs": {"content": [{"token": "A", "logprob": NaN,'
        b' "top_logprobs": []}]}}]}',
    ],
)
def test_an_answer_without_log_probabilities_is_no_score(answer: bytes) -> None:
    with server_that(lambda n: (200, {}, answer)) as (url, _), pytest.raises(ScorerFailed):
        asyncio.run(impatient(url, []).score(FINE))


def test_a_redirect_is_not_followed() -> None:
    with server_that(lambda n: (307, {"location": "http://127.0.0.1:1/"}, b"")) as (url, seen):
        failure = failure_of(impatient(url, []))
    assert "307" in str(failure)
    assert len(seen) == 1


def test_a_server_that_fails_again_and_again_is_spared_then_tried_by_one() -> None:
    now = [0.0]
    broken = threading.Event()
    broken.set()

    async def no_pause(seconds: float) -> None: ...

    async def ask(url: str, seen: list[int]) -> None:
        scorer = LanguageModelScorer(judge(url), Breaker(lambda: now[0]), no_pause)
        for _ in range(FAILURES_TO_OPEN):
            with pytest.raises(ScorerFailed, match="HTTP 500"):
                await scorer.score(FINE)
        asked = len(seen)
        with pytest.raises(ScorerFailed, match="spared"):
            await scorer.score(FINE)
        assert len(seen) == asked
        assert "spared" in scorer.provider
        now[0] += PAUSE_SECONDS
        broken.clear()
        first, *others = await asyncio.gather(
            *(scorer.score(FINE) for _ in range(5)), return_exceptions=True
        )
        assert not isinstance(first, BaseException)
        assert all(isinstance(other, ScorerFailed) for other in others)
        assert (await scorer.score(FINE)).probabilities

    with server_that(lambda n: (500, {}, b"") if broken.is_set() else good()) as (url, seen):
        asyncio.run(ask(url, seen))


def test_more_than_can_wait_is_told_to_come_back() -> None:
    release = threading.Event()

    def held(_: int) -> Reply:
        release.wait(30)
        return good()

    async def ask(url: str) -> None:
        scorer = impatient(url, [], at_once=1)
        waiting = [asyncio.create_task(scorer.score(FINE)) for _ in range(9)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await scorer.score(FINE)
        release.set()
        assert len(await asyncio.gather(*waiting)) == 9

    with server_that(held) as (url, _):
        asyncio.run(ask(url))


def test_a_silent_server_is_waited_for_no_longer_than_said() -> None:
    release = threading.Event()

    def held(_: int) -> Reply:
        release.wait(30)
        return good()

    with server_that(held) as (url, _):
        try:
            failure_of(impatient(url, [], timeout=timedelta(seconds=0.2)))
        finally:
            release.set()


def test_the_key_travels_and_is_never_shown() -> None:
    secret = "sk-hidden"
    model = judge("http://127.0.0.1:9/v1/", api_key=secret)
    assert secret not in repr(model)


def test_the_version_names_what_a_score_depends_on() -> None:
    one = LanguageModelScorer(judge("http://a/v1/")).version
    assert one == LanguageModelScorer(judge("http://a/v1/", api_key="k")).version
    for other in (judge("http://b/v1/"), judge("http://a/v1/", "larger")):
        assert LanguageModelScorer(other).version != one
