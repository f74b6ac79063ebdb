"""From a thread that has done the work to those who await it, on whatever event loop they are."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

type Result[T] = tuple[asyncio.Future[T], T | Exception]


def hand_over[T](results: Iterable[Result[T]]) -> None:
    """Give each future its answer, or the exception it is to raise; whoever ceased to wait is
    passed over. All of one event loop at once: waking it costs more than telling."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Result[T]]] = defaultdict(list)
    for future, result in results:
        by_loop[future.get_loop()].append((future, result))
    for loop, its in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, its)


def _settle[T](results: Sequence[Result[T]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
