"""Group commit: many decisions, one transaction. A decision is answered once it is durable.

Under load the disk's flush is the cost of a decision; what waits while one transaction commits
goes into the next one together.
"""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import structlog

from service.domain.audit import AuditDraft
from service.domain.decision import Decision
from service.domain.errors import GateError, IdempotencyMismatch, Overloaded
from service.domain.review import ReviewTask
from service.ports.store import Store, Transaction
from service.usecases.receipts import Receipt

log = structlog.get_logger()

MOST_PER_COMMIT = 256
MOST_WAITING = 4096


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one decision writes, and the answer it will be given."""

    decision: Decision
    task: ReviewTask | None
    draft: AuditDraft
    receipt: Receipt[tuple[Decision, ReviewTask | None]]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of an entry: its answer, and whether it was this entry that was written."""

    answer: dict[str, Any]
    fresh: bool


@dataclass(frozen=True)
class _Waiting:
    entry: Entry
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Written]

    def resolve(self, result: Written | Exception) -> None:
        def settle() -> None:
            if self.future.done():
                return  # the caller went away; what was written stays written
            if isinstance(result, Exception):
                self.future.set_exception(result)
            else:
                self.future.set_result(result)

        self.loop.call_soon_threadsafe(settle)


class Recorder:
    """One writer thread. `record` may be awaited from any event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    async def record(self, entry: Entry) -> Written:
        """Durable when it returns. Raises Overloaded where too much waits already, and
        IdempotencyMismatch where the entry's key belongs to another request."""
        if self._queue.qsize() >= MOST_WAITING:
            raise Overloaded("Too many decisions wait to be written.", retry_after=1)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written] = loop.create_future()
        self._queue.put(_Waiting(entry, loop, future))
        return await future

    def close(self) -> None:
        """Write what waits, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, stopping = self._fill(first)
            self._commit(batch)
            if stopping:
                return

    def _fill(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_PER_COMMIT and not self._queue.empty():
            waiting = self._queue.get()
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            with self._store.transaction() as tx:
                results = _write(tx, [waiting.entry for waiting in batch])
        except Exception as failure:  # the whole batch failed: one bad entry must not sink the rest
            if len(batch) == 1:
                if not isinstance(failure, GateError):
                    log.exception("recorder.failed", decision=batch[0].entry.decision.id)
                batch[0].resolve(failure)
                return
            for waiting in batch:
                self._commit([waiting])
            return
        for waiting, result in zip(batch, results, strict=True):
            waiting.resolve(result)


def _write(tx: Transaction, entries: Sequence[Entry]) -> list[Written | Exception]:
    results: list[Written | Exception] = []
    fresh: list[Entry] = []
    for entry in entries:
        receipt, decision = entry.receipt, entry.decision
        if receipt.key is not None and not tx.idempotency.claim(
            receipt.principal, receipt.key, receipt.fingerprint, decision.created_at
        ):
            results.append(_replay(tx, receipt))
            continue
        answer = receipt.render((decision, entry.task))
        if receipt.key is not None:
            tx.idempotency.store(receipt.principal, receipt.key, answer)
        fresh.append(entry)
        results.append(Written(answer=answer, fresh=True))
    if fresh:
        tx.decisions.add([entry.decision for entry in fresh])
        tx.tasks.add([entry.task for entry in fresh if entry.task])
        tx.audit.append([entry.draft for entry in fresh])
    return results


def _replay(
    tx: Transaction, receipt: Receipt[tuple[Decision, ReviewTask | None]]
) -> Written | Exception:
    try:
        answer = receipt.replayed(tx)
    except IdempotencyMismatch as mismatch:
        return mismatch
    if answer is None:
        raise RuntimeError("a claimed idempotency key has no answer")  # same transaction wrote both
    return Written(answer=answer, fresh=False)
