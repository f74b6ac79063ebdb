"""Group commit: many decisions, one transaction. A decision is answered once it is durable.

Under load the disk's flush is the cost of a decision; what waits while one transaction commits
goes into the next one together.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

import structlog

from service.concurrency import hand_over
from service.domain.audit import AuditDraft
from service.domain.decision import Decision
from service.domain.errors import GateError, Overloaded, StoreUnavailable
from service.domain.review import ReviewTask
from service.ports.repositories.idempotency import KeyedAnswer
from service.ports.store import Store, Transaction
from service.usecases.shared.idempotency import refusal

log = structlog.get_logger()

MOST_PER_COMMIT = 256
MOST_WAITING = 4096
"""Decisions, not entries: one entry may hold a whole batch."""

LINGER_SECONDS = 0.005
"""How long a commit waits for company, where the last one had some: most of its cost is its own."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one decision writes."""

    decision: Decision
    task: ReviewTask | None
    draft: AuditDraft


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Decisions that are written together or not at all. `answer` makes what is stored for their
    sender, where it may ask again; the writer's thread calls it, before it takes the store."""

    records: tuple[Record, ...]
    answer: Callable[[], KeyedAnswer] | None


@dataclass(frozen=True)
class _Waiting:
    entry: Entry
    told: asyncio.Future[None]


class Recorder:
    """One writer thread. `record` may be awaited from any event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._waiting = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    async def record(self, entry: Entry) -> None:
        """Durable when it returns. Raises Overloaded where too much waits already, AlreadyAnswered
        where the entry's request was answered before, and IdempotencyMismatch where its key belongs
        to another request."""
        with self._counting:
            if self._waiting >= MOST_WAITING:
                raise Overloaded("Too many decisions wait to be written.", retry_after=1)
            self._waiting += len(entry.records)
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(entry, told))
        return await told

    def close(self) -> None:
        """Write what waits, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        company = False
        while (first := self._queue.get()) is not None:
            if company:
                time.sleep(LINGER_SECONDS)
            batch, stopping = self._fill(first)
            company = len(batch) > 1
            self._commit_or_tell(batch)
            if stopping:
                return

    def _fill(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch, stopping, decisions = [first], False, len(first.entry.records)
        while decisions < MOST_PER_COMMIT and not self._queue.empty():
            waiting = self._queue.get()
            if waiting is None:
                stopping = True
                break
            batch.append(waiting)
            decisions += len(waiting.entry.records)
        with self._counting:
            self._waiting -= decisions
        return batch, stopping

    def _commit_or_tell(self, batch: Sequence[_Waiting]) -> None:
        """Whatever happens, those who wait hear of it, and the writer lives on."""
        try:
            self._commit(batch)
        except Exception as failure:
            hand_over((waiting.told, failure) for waiting in batch)

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        entries = [waiting.entry for waiting in batch]
        try:
            answers = _ready(entries)
            with self._store.transaction() as tx:
                results: Sequence[Exception | None] = _write(tx, entries, answers)
        except StoreUnavailable as failure:  # no entry's fault: trying each alone would take ages
            results = [failure] * len(batch)
        except Exception as failure:  # the whole batch failed: one bad entry must not sink the rest
            if len(batch) > 1:
                for waiting in batch:
                    self._commit([waiting])
                return
            if not isinstance(failure, GateError):
                ids = [record.decision.id for record in batch[0].entry.records]
                log.exception("recorder.failed", decisions=ids)
            results = [failure]
        hand_over(zip((waiting.told for waiting in batch), results, strict=True))


def _ready(entries: Sequence[Entry]) -> list[KeyedAnswer | None]:
    """The entries' answers. All that can be made before it is our turn to write is made: other
    processes wait for theirs."""
    for entry in entries:
        for record in entry.records:
            record.draft.seal()
    return [entry.answer() if entry.answer else None for entry in entries]


def _write(
    tx: Transaction, entries: Sequence[Entry], answers: Sequence[KeyedAnswer | None]
) -> list[Exception | None]:
    """Why an entry is not written, for each; None for those that are."""
    refused = _refused(tx, answers)
    fresh = [
        record for at, entry in enumerate(entries) if at not in refused for record in entry.records
    ]
    tx.decisions.add([record.decision for record in fresh])
    tx.tasks.add([record.task for record in fresh if record.task])
    tx.audit.append([record.draft for record in fresh])
    return [refused.get(at) for at in range(len(entries))]


def _refused(tx: Transaction, answers: Sequence[KeyedAnswer | None]) -> dict[int, Exception]:
    """The places of those whose Idempotency-Key was used before, maybe by one of the others, and
    what each is told. The answers of all other keys are stored."""
    keyed = {at: answer for at, answer in enumerate(answers) if answer is not None}
    first: dict[tuple[str, str], int] = {}
    for at, answer in keyed.items():
        first.setdefault((answer.principal, answer.key), at)
    kept = tx.idempotency.keep([keyed[at] for at in first.values()])
    written = {at for key, at in first.items() if key in kept}
    return {at: _refusal(tx, answer) for at, answer in keyed.items() if at not in written}


def _refusal(tx: Transaction, answer: KeyedAnswer) -> Exception:
    stored = tx.idempotency.find(answer.principal, answer.key)
    if stored is None:
        raise RuntimeError("a claimed idempotency key has no answer")  # same transaction wrote both
    return refusal(stored, answer.fingerprint)
