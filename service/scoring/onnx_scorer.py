"""The Scorer port on a model bundle: ONNX Runtime in worker threads, off the event loop."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Sequence

import numpy as np
import structlog
from numpy.typing import NDArray
from tokenizers import Tokenizer

from service.domain.decision import Item, Score
from service.domain.errors import BrokenBundle, ScorerFailed
from service.scoring.batching import Request, Tokenised, Waiting
from service.scoring.bundle import Bundle
from service.scoring.legibility import legible
from service.scoring.session import Provider, open_session

log = structlog.get_logger()

MOST_CHARACTERS = 20_000
"""Characters that are tokenised at all: far more than any model here reads."""


class OnnxScorer:
    """Scores texts with a bundle's model.

    `workers` threads run one batch each, `largest_batch` texts at most; `queue_limit` texts may
    wait before Overloaded is raised. Close it when done.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        provider: Provider = Provider.AUTO,
        workers: int | None = None,
        largest_batch: int = 32,
        queue_limit: int = 1024,
    ) -> None:
        self._bundle = bundle
        self._session = open_session(bundle.model, provider)
        self._tokenizer = _tokenizer(bundle)
        self._waiting = Waiting(limit=queue_limit, largest_batch=largest_batch)
        self._warm_up()
        self._workers = [
            threading.Thread(target=self._work, name=f"scorer-{number}", daemon=True)
            for number in range(workers or os.cpu_count() or 1)
        ]
        for worker in self._workers:
            worker.start()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it gives probabilities for."""
        return self._bundle.labels

    @property
    def version(self) -> str:
        """The bundle's name and the fingerprint of its files."""
        return self._bundle.version

    @property
    def provider(self) -> str:
        """The execution provider that the model really runs on."""
        return str(self._session.get_providers()[0])

    async def score(self, item: Item) -> Score:
        """P(label | text), as the model says it. Raises ScorerFailed, Overloaded.

        A text longer than the bundle's `max_tokens` is judged by its beginning, and the answer
        says so. Whoever stops waiting (cancels) leaves the queue.
        """
        if not item.text or not item.text.strip():
            raise ScorerFailed("The item has no text to score.")
        request = Request(text=item.text, answer=asyncio.get_running_loop().create_future())
        self._waiting.put(request)
        return await request.answer

    def calibrate(self, raw: float) -> float:
        """c in [0, 1] for a raw P(approve_labels of the bundle) in [0, 1]."""
        return self._bundle.calibrator(raw)

    def close(self) -> None:
        """Stop the workers; whoever still waits gets ScorerFailed."""
        self._waiting.close()
        for worker in self._workers:
            worker.join()
        for request in self._waiting.left():
            _settle(request, ScorerFailed("The scorer was closed."))

    def _work(self) -> None:
        while (batch := self._waiting.take(self._tokenise)) is not None:
            try:
                answers: Sequence[Score | ScorerFailed] = self._run(batch)
            except Exception as error:  # whatever it is, those who wait must hear of it
                log.exception("scorer.batch_failed", texts=len(batch))
                problem = f"The model failed: {type(error).__name__}."
                answers = [ScorerFailed(problem) for _ in batch]
            for tokenised, answer in zip(batch, answers, strict=True):
                _settle(tokenised.request, answer)

    def _tokenise(self, requests: Sequence[Request]) -> list[Tokenised]:
        tokenised = []
        for request in requests:
            try:
                tokenised.append(self._encoded(request))
            except ScorerFailed as failure:
                _settle(request, failure)
            except Exception as error:  # one unreadable text, a lone surrogate say, fails alone
                _settle(request, ScorerFailed(f"The text is unreadable: {type(error).__name__}."))
        return tokenised

    def _encoded(self, request: Request) -> Tokenised:
        encoding = self._tokenizer.encode(request.text[:MOST_CHARACTERS])
        special = encoding.special_tokens_mask
        if not legible([t for t, mark in zip(encoding.tokens, special, strict=True) if not mark]):
            raise ScorerFailed("The model cannot read this language or script.")
        cut = len(request.text) > MOST_CHARACTERS or bool(encoding.overflowing)
        return Tokenised(request=request, ids=encoding.ids, truncated=cut)

    def _run(self, batch: Sequence[Tokenised]) -> list[Score | ScorerFailed]:
        return [
            Score(
                probabilities=dict(zip(self.labels, map(float, row), strict=True)),
                model_version=self.version,
                truncated=tokenised.truncated,
            )
            if np.isfinite(row).all()
            else ScorerFailed("The model gave something that is not a number.")
            for tokenised, row in zip(
                batch, self._probabilities([item.ids for item in batch]), strict=True
            )
        ]

    def _probabilities(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """softmax of the model's logits, shape (texts, labels)."""
        ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        (logits,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        weights = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return result

    def _warm_up(self) -> None:
        ids = self._tokenizer.encode("warm").ids
        try:
            found = self._probabilities([ids]).shape
        except Exception as error:  # a graph of other inputs, outputs or vocabulary
            raise BrokenBundle(f"The bundle's model does not run: {error}") from error
        if found != (1, len(self.labels)):
            raise BrokenBundle(f"The bundle's model gives {found[1:]} for {self.labels}.")


def _tokenizer(bundle: Bundle) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(bundle.tokenizer)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise BrokenBundle(f"The bundle's tokenizer does not load: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(bundle.max_tokens)
    return tokenizer


def _settle(request: Request, answer: Score | Exception) -> None:
    def deliver() -> None:
        if request.abandoned:
            return
        if isinstance(answer, Exception):
            request.answer.set_exception(answer)
        else:
            request.answer.set_result(answer)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        request.answer.get_loop().call_soon_threadsafe(deliver)
