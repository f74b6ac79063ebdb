"""What works beside the web: threads that can be told apart, and that end when told to."""

import threading
from concurrent.futures import Future

from service.bootstrap.background import Background
from service.telemetry.metrics import Metrics
from service.usecases.shared.periodic import Failures, PeriodicTask


def test_each_works_in_a_thread_of_its_name_until_the_end() -> None:
    repeated: Future[str] = Future()
    waiting: Future[str] = Future()
    woken = threading.Event()

    def turn(_: Failures) -> None:
        if not repeated.done():
            repeated.set_result(threading.current_thread().name)

    def loop(stop: threading.Event) -> None:
        waiting.set_result(threading.current_thread().name)
        woken.wait(10)
        assert stop.is_set()

    background = Background(
        tasks=[
            PeriodicTask(name="sweeper", turn=turn, every_seconds=0.001, failure_event="failed"),
        ],
        loops={"carrier": loop},
        meter=Metrics(),
        wake=woken.set,
    )
    background.start()
    assert (repeated.result(10), waiting.result(10)) == ("sweeper", "carrier")
    background.end()
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"sweeper", "carrier"}
