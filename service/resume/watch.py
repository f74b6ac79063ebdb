"""Watching one run: its status, its events across reconnects, until there is a proof."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from service.domain.delivery import Proof
from service.resume.dify_api import DifyApi, DifyRefused, RunState
from service.resume.feed import DifyEvent, Feed
from service.resume.outgoing import Nonsense, NotAnswered, NotReached
from service.resume.proofs import Ours, proof_in, proof_in_end, stopped
from service.resume.sorting import passes
from service.resume.trace import Trace
from service.resume.waiting import GROWTH, Patience, Waiting

LONGEST_LOOK = 5.0


class Watch:
    """One run, seen by the user it belongs to. Everything waits boundedly and ends on stop."""

    def __init__(
        self, api: DifyApi, run_id: str, user: str, waiting: Waiting, patience: Patience
    ) -> None:
        self.api = api
        self.user = user
        self._run_id = run_id
        self._waiting = waiting
        self._patience = patience
        self._feeds = ExitStack()
        self._feed: Feed | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._feeds.close()

    def looks(self) -> Iterator[RunState]:
        """The run's status, again and again while patience for the pause lasts."""
        for _ in self._waiting.looks(self._patience.paused):
            yield self.api.run(self._run_id)

    def replay(self) -> Trace:
        """Open the events anew and read what has happened, up to the pause or the end.

        The events stay open, so that nothing that follows is missed.
        """
        feed = self._open()
        trace = Trace()
        deadline = self._waiting.deadline(self._patience.paused)
        while not (trace.has_halted() or feed.ended or deadline.passed()):
            self._waiting.check()
            event = feed.next(min(self._patience.look, deadline.left()))
            if event is not None:
                trace.add(event)
        return trace

    def follow(self, ours: Ours) -> Proof | None:
        """Follow the run until a proof, or None once patience is over.

        Raises DeliveryDead where the run shows that there will be none.
        """
        trace = Trace()
        deadline = self._waiting.deadline(self._patience.proof)
        look = self._patience.look
        reopened = False
        while not deadline.passed():
            event = self._next(min(look, deadline.left()))
            if event is not None:
                trace.add(event)
                proof = proof_in(trace, ours)
                if proof is not None:
                    self._settle(trace)
                    return proof
                continue
            look = min(look * GROWTH, LONGEST_LOOK)
            state = self._status()
            if state is not None and state.over:
                return self._last_words(trace, ours) or proof_in_end(state, ours)
            if self._feed is None or self._feed.ended:
                if reopened:  # a server that ends every stream at once is not asked in a hot loop
                    self._waiting.sleep(min(look, deadline.left()))
                _or_none(self._open)
                trace = Trace()  # the replay tells everything again
                reopened = True
        return None

    # --- inside ---

    def _open(self) -> Feed:
        self._feed = None
        self._feeds.close()
        self._feed = self._feeds.enter_context(self.api.events(self._run_id, self.user))
        return self._feed

    def _next(self, seconds: float) -> DifyEvent | None:
        self._waiting.check()
        return None if self._feed is None else self._feed.next(seconds)

    def _status(self) -> RunState | None:
        """The run's status; None where Dify cannot say just now."""
        return _or_none(lambda: self.api.run(self._run_id))

    def _last_words(self, trace: Trace, ours: Ours) -> Proof | None:
        """The run is over: what its events still have to say."""
        for event in self._until_quiet():
            trace.add(event)
            proof = proof_in(trace, ours)
            if proof is not None:
                return proof
        return None

    def _settle(self, trace: Trace) -> None:
        """Stay a moment after a proof. Raises DeliveryDead if the run is stopped after all."""
        if trace.has_halted():
            return
        for event in self._until_quiet():
            trace.add(event)
            if trace.has_halted():
                break
        end = trace.end or self._status()
        if end is not None and end.status == "stopped":
            raise stopped()

    def _until_quiet(self) -> Iterator[DifyEvent]:
        """Events until they end, for as long as patience says to settle."""
        deadline = self._waiting.deadline(self._patience.settle)
        while self._feed is not None and not self._feed.ended and not deadline.passed():
            event = self._next(min(self._patience.look, deadline.left()))
            if event is not None:
                yield event


def _or_none[T](ask: Callable[[], T]) -> T | None:
    """The answer, or None after a failure that may pass; what a person must mend is raised."""
    try:
        return ask()
    except (NotReached, NotAnswered, Nonsense):
        return None
    except DifyRefused as refusal:
        if passes(refusal.status):
            return None
        raise
