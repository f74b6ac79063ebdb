"""A language model as the scorer: asked over HTTP, within a time, and spared when it fails."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from service.domain.decision import Item, Reads, Score, Spread
from service.domain.errors import Overloaded, ScorerFailed
from service.domain.language_model import LanguageModel
from service.domain.values import Json
from service.scoring.openai.answer import probabilities_of
from service.scoring.openai.breaker import Breaker
from service.scoring.openai.question import request_for, version_of

log = structlog.get_logger()

TRIES = 3
QUEUE_PER_PLACE = 8
"""How many may wait for each request that may be under way at once."""

_BACKOFF = wait_exponential_jitter(multiplier=0.2, max=2.0, jitter=0.2)
_ITS_OWN_FAULT = (400, 413, 422)
"""What a server says of one item, too long a one say: it tells nothing of the server."""


class Passing(Exception):
    """It may go better in a moment: in `retry_after` seconds, where the server says so."""

    def __init__(self, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Refused(Exception):
    """The server's answer is final. `about_item`: another item may be answered."""

    def __init__(self, detail: str, *, about_item: bool) -> None:
        super().__init__(detail)
        self.about_item = about_item


class LanguageModelScorer:
    """Scores items with the model's own probability of saying each label first.

    A request and its retries take `model.timeout` at most; `model.at_once` requests are under way
    at once, and QUEUE_PER_PLACE times as many may wait before Overloaded is raised.
    """

    def __init__(
        self,
        model: LanguageModel,
        breaker: Breaker | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`pause` waits for so many seconds between tries."""
        self._model = model
        self._pause = pause
        self._version = version_of(model)
        self._breaker = breaker or Breaker()
        self._places = asyncio.Semaphore(model.at_once)
        self._inside = 0
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it gives probabilities for."""
        return self._model.labels

    @property
    def version(self) -> str:
        """The scorer's name and a fingerprint of server, model, question and answers."""
        return self._version

    @property
    def reads(self) -> Reads:
        """A text, a record, or both: whatever there is."""
        return Reads.EITHER

    @property
    def explains(self) -> bool:
        """Not by asking a language model dozens of times for each item."""
        return False

    @property
    def alternatives(self) -> Mapping[str, Sequence[Json]]:
        return {}

    @property
    def provider(self) -> str:
        """Where the model runs, and whether it is being spared."""
        spared = " (spared after failures)" if self._breaker.is_open else ""
        return f"{urlsplit(self._model.url).netloc}{spared}"

    async def score(
        self,
        item: Item,
        *,
        gate: str = "",  # noqa: ARG002 - the port's word; places go in order of arrival
        within: float = math.inf,
    ) -> Score:
        """P(label | item) as the model says it. Raises ScorerFailed, Overloaded, TimeoutError."""
        if not (item.text and item.text.strip()) and not item.fields:
            raise ScorerFailed("The item has nothing to score.")
        if self._inside >= self._model.at_once * (1 + QUEUE_PER_PLACE):
            raise Overloaded(f"{self._inside} items are waiting for the language model.")
        body, cut = request_for(self._model, item)
        self._inside += 1
        try:
            async with asyncio.timeout(None if within == math.inf else within), self._places:
                reply = await self._guarded(body)
        finally:
            self._inside -= 1
        return Score(
            probabilities=probabilities_of(reply, self._model.answers),
            model_version=self._version,
            truncated=cut,
        )

    def calibrate(self, raw: float, _spread: Spread | None = None, /) -> float:
        """A language model's word stands as it is until its gate has earned a calibrator."""
        return raw

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and they with it
                asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop)

    async def _guarded(self, body: dict[str, Any]) -> Any:
        """Ask through the breaker. It hears how it went, unless the failure is the item's own."""
        if not self._breaker.allows():
            raise ScorerFailed("The language model failed again and again, and is spared a while.")
        try:
            async with asyncio.timeout(self._model.timeout.total_seconds()):
                reply = await self._asked(body)
        except asyncio.CancelledError:
            self._breaker.gave_up()
            raise
        except TimeoutError as late:
            self._note_failure(late)
            raise
        except Refused as refusal:
            self._note_failure(None if refusal.about_item else refusal)
            raise ScorerFailed(f"The language model's server refused: {refusal}") from refusal
        except Passing as failure:
            self._note_failure(failure)
            raise ScorerFailed(f"The language model does not answer: {failure}") from failure
        self._breaker.succeeded()
        return reply

    def _note_failure(self, failure: Exception | None) -> None:
        if failure is None:
            self._breaker.succeeded()
        elif self._breaker.failed():
            log.error("scorer.spared", scorer=self._model.name, failure=repr(failure))

    async def _asked(self, body: dict[str, Any]) -> Any:
        tries = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception_type(Passing),
            sleep=self._pause,
            reraise=True,
        )
        return await tries(self._once, body)

    async def _once(self, body: dict[str, Any]) -> Any:
        try:
            response = await self._connection().post("chat/completions", json=body)
        except httpx.HTTPError as error:
            raise Passing(type(error).__name__) from error
        status = response.status_code
        if status == 429 or status >= 500:
            raise Passing(f"HTTP {status}", _seconds(response.headers.get("retry-after")))
        if status != 200:
            raise Refused(_reason(response), about_item=status in _ITS_OWN_FAULT)
        try:
            return response.json()
        except ValueError as error:
            raise Refused("an answer that is not JSON", about_item=False) from error

    def _connection(self) -> httpx.AsyncClient:
        """Made where it is used: connections belong to an event loop."""
        if self._client is None:
            self._loop = asyncio.get_running_loop()
            key = self._model.api_key
            self._client = httpx.AsyncClient(
                base_url=self._model.url,
                headers={"Authorization": f"Bearer {key}"} if key else None,
                timeout=self._model.timeout.total_seconds(),
                follow_redirects=False,
                trust_env=False,  # no proxy and no .netrc that the configuration does not name
            )
        return self._client


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.retry_after if isinstance(failure, Passing) else 0.0
    return max(asked, _BACKOFF(state))


def _seconds(header: str | None) -> float:
    """Retry-After in seconds; its other form, a date, is for longer waits than ours."""
    return float(header) if header is not None and header.isdecimal() else 0.0


def _reason(response: httpx.Response) -> str:
    """The beginning of what it says, on one line."""
    said = " ".join(response.text[:300].split())
    return f"HTTP {response.status_code} {said}"
