"""Many threads that begin at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def at_once[Result](size: int, work: Callable[[int], Result]) -> list[Result]:
    """What `work(0)` to `work(size - 1)` returned, each run by a thread of its own."""
    start = Barrier(size)

    def run(number: int) -> Result:
        start.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))
