"""The Scorer port on a model bundle: ONNX Runtime in worker threads, off the event loop."""

import asyncio
import math
import os
import threading
import time
from collections.abc import Mapping, Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from service.concurrency import hand_over
from service.confidence.members import spreads
from service.domain.decision import Item, Reads, Score, Spread
from service.domain.errors import BrokenBundle, ScorerFailed
from service.domain.values import Json
from service.ports.meter import ModelMeter, ModelRun
from service.scoring.answer import Answer
from service.scoring.batching import Request, Tokenised, Waiting
from service.scoring.bundle import Bundle
from service.scoring.fields import FEATURES, FieldsReader
from service.scoring.heads import EMBEDDING, LOGITS, Floats, Method, member_probabilities
from service.scoring.learned_head import HEAD, LearnedHead
from service.scoring.novelty import NOVELTY, Novelty
from service.scoring.readers import make_reader
from service.scoring.reading import Inputs
from service.scoring.runner import GridRunner, Outputs, PlainRunner, Runner
from service.scoring.session import CPU, Runtime, fitting, grid_of, open_session
from service.scoring.unreadable import Part

log = structlog.get_logger()

SECONDS_TO_CLOSE = 5.0


class OnnxScorer:
    """Scores items with a bundle's model.

    `workers` threads run one batch each, `largest_batch` items at most; `queue_limit` items may
    wait, those of one gate as long as no more of them wait than places are free. Close it when
    done.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        runtime: Runtime | None = None,
        meter: ModelMeter | None = None,
        workers: int | None = None,
        largest_batch: int = 32,
        queue_limit: int = 1024,
    ) -> None:
        self._bundle = bundle
        self._meter = meter
        self._reader = make_reader(bundle)
        head = bundle.files.get(HEAD)
        self._head = None if head is None else LearnedHead.of_file(head)
        self._approving = np.array([label in bundle.approve_labels for label in bundle.labels])
        known = bundle.files.get(NOVELTY)
        self._novelty = None if known is None else Novelty.of_file(known)
        grid = grid_of(largest_batch, bundle.max_tokens) if bundle.max_tokens else None
        self._session = open_session(
            bundle.model,
            fitting(runtime or Runtime(), bundle.precision),
            inputs=list(self._reader.probe().rows),
            grid=grid,
        )
        self._outputs = _outputs(bundle, [found.name for found in self._session.get_outputs()])
        self._runner: Runner = (
            PlainRunner(self._session, self._outputs)
            if grid is None or self.provider == CPU
            else GridRunner(self._session, self._outputs, grid, device="cuda")
        )
        threads = workers or os.cpu_count() or 1
        self._waiting = Waiting(limit=queue_limit, largest_batch=largest_batch, workers=threads)
        self._warm_up()
        self._closing = False
        self._workers = [self._hired(number) for number in range(threads)]
        if meter:
            meter.runs_on(self.version, self.provider)

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

    @property
    def reads(self) -> Reads:
        """The part of an item that the bundle's reader reads."""
        return self._reader.reads

    @property
    def explains(self) -> bool:
        """Always: its variants of an item share batches."""
        return True

    @property
    def alternatives(self) -> Mapping[str, Sequence[Json]]:
        """The values that each field might have had; empty where texts are read."""
        return self._reader.alternatives if isinstance(self._reader, FieldsReader) else {}

    def unreadable(self, text: str) -> Sequence[Part]:
        """The parts of a text that the model cannot read."""
        return self._reader.unreadable(text)

    @property
    def embeds(self) -> bool:
        """Whether the model gives embeddings."""
        return EMBEDDING in self._outputs

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        """P(label | item), as the model says it. Raises ScorerFailed, Overloaded.

        A text longer than the model reads is judged by its beginning, and the answer says so.
        Whoever stops waiting (cancels) leaves the queue.
        """
        return (await self.answer(item, gate, within)).score

    async def embed(
        self, text: str, *, gate: str = "", within: float = math.inf
    ) -> NDArray[np.float32]:
        """The text's unit vector: near in angle is near in meaning. Raises ScorerFailed (also
        where the model has no such output), Overloaded."""
        found = await self.answer(Item(text=text), gate, within)
        if found.score.unreadable:  # texts that differ in that part alone would mean the same
            raise ScorerFailed("The model cannot read a part of this text.")
        if found.embedding is None:
            raise ScorerFailed("The model gives no embeddings.")
        return found.embedding

    async def answer(self, item: Item, gate: str = "", within: float = math.inf) -> Answer:
        """The score, and the embedding where there is one; raises as `score` does."""
        if not item.has(self.reads) or (self.reads is Reads.TEXT and not str(item.text).strip()):
            raise ScorerFailed(f"The item has no {self.reads} to score.")
        request = Request(
            item=item,
            gate=gate,
            deadline=time.monotonic() + within,
            answer=asyncio.get_running_loop().create_future(),
        )
        self._waiting.put(request)
        if self._meter:
            self._meter.waiting(self.version, len(self._waiting))
        return await request.answer

    def calibrate(self, raw: float, spread: Spread | None = None, /) -> float:
        """c in [0, 1] for a raw P(approve_labels of the bundle) in [0, 1]."""
        return self._bundle.calibrator(raw, spread)

    def close(self) -> None:
        """Stop the workers; whoever still waits gets ScorerFailed. A run that hangs is ended."""
        self._closing = True
        self._waiting.close()
        self._join_workers()
        self._runner.stop()
        self._join_workers()
        closed = ScorerFailed("The scorer was closed.")
        hand_over((request.answer, closed) for request in self._waiting.left())
        if self._meter:
            self._meter.runs_on(self.version, None)
            self._meter.waiting(self.version, 0)

    def _join_workers(self) -> None:
        give_up_at = time.monotonic() + SECONDS_TO_CLOSE
        for worker in self._workers:
            worker.join(max(0.0, give_up_at - time.monotonic()))

    def _hired(self, number: int) -> threading.Thread:
        worker = threading.Thread(
            target=self._work, args=(number,), name=f"scorer-{number}", daemon=True
        )
        worker.start()
        return worker

    def _work(self, number: int) -> None:
        try:
            self._serve()
        finally:
            if not self._closing:  # nothing that a batch does gets here: the thread itself dies
                log.error("scorer.worker_died", model=self.version)
                self._workers[number] = self._hired(number)

    def _serve(self) -> None:
        while (batch := self._waiting.take(self._read)) is not None:
            began = time.perf_counter()
            try:
                answers: Sequence[Answer | ScorerFailed] = self._run([t.inputs for t in batch])
            except Exception as error:  # whatever it is, those who wait must hear of it
                log.exception("scorer.batch_failed", items=len(batch))
                problem = f"The model failed: {type(error).__name__}."
                answers = [ScorerFailed(problem) for _ in batch]
            self._ran([len(item.inputs) for item in batch], time.perf_counter() - began)
            hand_over(zip((one.request.answer for one in batch), answers, strict=True))

    def _ran(self, lengths: Sequence[int], seconds: float) -> None:
        self._waiting.ran(len(lengths), seconds)
        if self._meter:
            padded = len(lengths) * max(lengths)
            run = ModelRun(
                model=self.version,
                items=len(lengths),
                tokens=sum(lengths),
                padded_tokens=padded,
                seconds=seconds,
            )
            self._meter.ran(run)
            self._meter.waiting(self.version, len(self._waiting))

    def _read(self, requests: Sequence[Request]) -> list[Tokenised]:
        read = self._reader.read_all([request.item for request in requests])
        pairs = list(zip(requests, read, strict=True))
        hand_over((one.answer, found) for one, found in pairs if isinstance(found, ScorerFailed))
        return [
            Tokenised(request=one, inputs=found)
            for one, found in pairs
            if not isinstance(found, ScorerFailed)
        ]

    def _run(self, batch: Sequence[Inputs]) -> list[Answer | ScorerFailed]:
        outputs = self._runner.run(batch)
        p = member_probabilities(self._bundle.method, outputs)
        if self._head:
            p = self._head.applied(p, self._seen_by_the_head(batch, outputs), self._approving)
        nothing: Sequence[None] = [None] * len(batch)
        several = self._bundle.method is not Method.SOFTMAX
        found = zip(
            p.mean(axis=0).tolist(),
            spreads(p) if several else nothing,
            *self._strangeness(batch, outputs),
            outputs.get(EMBEDDING, nothing),
            batch,
            strict=True,
        )
        return [
            Answer(
                score=Score(
                    probabilities=dict(zip(self.labels, row, strict=True)),
                    model_version=self.version,
                    truncated=inputs.truncated,
                    unreadable=inputs.unreadable,
                    spread=spread,
                    novelty=novelty,
                    complexity=complexity,
                ),
                embedding=embedding,
            )
            if all(map(math.isfinite, row))
            else ScorerFailed("The model gave something that is not a number.")
            for row, spread, novelty, complexity, embedding, inputs in found
        ]

    def _strangeness(
        self, batch: Sequence[Inputs], outputs: Outputs
    ) -> tuple[Sequence[float | None], Sequence[float | None]]:
        """Each item's novelty and complexity, where the bundle can tell."""
        if self._novelty is None:
            return [None] * len(batch), [None] * len(batch)
        measures = self._novelty.measures(batch, outputs.get(EMBEDDING))
        return self._novelty.novelties(measures), self._novelty.complexities(measures)

    def _seen_by_the_head(self, batch: Sequence[Inputs], outputs: Outputs) -> Floats:
        """What a learned head weighs, shape (items, width)."""
        if isinstance(self._reader, FieldsReader):
            return np.array([inputs.rows[FEATURES] for inputs in batch], dtype=np.float64)
        return outputs[EMBEDDING].astype(np.float64)

    def _warm_up(self) -> None:
        probe = self._reader.probe()
        try:
            self._runner.warm_up(probe)
            outputs = self._runner.run([probe])
            p = member_probabilities(self._bundle.method, outputs)
            if self._head:
                p = self._head.applied(p, self._seen_by_the_head([probe], outputs), self._approving)
            found = p.shape[1:]
        except Exception as error:  # a graph of other inputs, outputs or vocabulary
            raise BrokenBundle(f"The bundle's model does not run: {error}") from error
        if found != (1, len(self.labels)):
            raise BrokenBundle(f"The bundle's model gives {found[1:]} for {self.labels}.")


def _outputs(bundle: Bundle, given: Sequence[str]) -> list[str]:
    """The model's outputs that are read."""
    wanted = LOGITS[bundle.method]
    if wanted not in given:
        raise BrokenBundle(f"The bundle's model gives no {wanted}, but {', '.join(given)}.")
    return [wanted, *(name for name in given if name == EMBEDDING)]
