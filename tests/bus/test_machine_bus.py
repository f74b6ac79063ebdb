"""News between processes of one machine: neighbours come, go, die, and fall asleep."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from service.bus.machine import MachineBus
from service.ports.bus import Event

PATIENCE = 30.0
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from service.bus.machine import MachineBus
from service.ports.bus import Event

bus = MachineBus(Path(sys.argv[1]))
with bus.subscribe() as events:
    print("listening", flush=True)
    heard = events.next(30)
    bus.publish(Event(topic=heard.topic, key=heard.key, what="task.heard"))
    print("told", flush=True)
    sys.stdin.read()
"""


def event(number: int) -> Event:
    return Event(topic="task", key=f"tsk_{number}", what="task.created")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[MachineBus]:
    with closing(MachineBus(tmp_path)) as bus:
        yield bus


@pytest.fixture
def there(tmp_path: Path) -> Iterator[MachineBus]:
    with closing(MachineBus(tmp_path)) as bus:
        yield bus


def sockets(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_neighbours_hear_each_other_and_themselves_once(
    here: MachineBus, there: MachineBus
) -> None:
    with here.subscribe() as at_home, there.subscribe() as abroad:
        for teller, first in ((here, 1), (there, 3)):
            teller.publish(event(first), event(first + 1))
            for hearer in (at_home, abroad):
                told = [hearer.next(PATIENCE) for _ in range(2)]
                assert told == [event(first), event(first + 1)]
        assert (at_home.next(0), abroad.next(0)) == (None, None)


def test_more_news_than_one_message_holds_arrives_in_order(
    here: MachineBus, there: MachineBus
) -> None:
    many = [event(number) for number in range(1000)]
    with there.subscribe() as abroad:
        here.publish(*many)
        assert [abroad.next(PATIENCE) for _ in many] == many


def test_another_process_hears_and_tells_and_may_die(here: MachineBus, tmp_path: Path) -> None:
    with here.subscribe(lambda event: event.what == "task.heard") as answers:
        process = subprocess.Popen(
            [sys.executable, "-c", ANOTHER_PROCESS, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout
            assert process.stdout.readline() == "listening\n"
            here.publish(event(7))
            answer = answers.next(PATIENCE)
            assert answer
            assert answer.key == "tsk_7"
            process.kill()
    assert sockets(tmp_path) == 2  # the dead one could not take its own away
    here.publish(event(8))  # finds the connection cut
    here.publish(event(9))  # finds that nobody listens
    assert sockets(tmp_path) == 1


def test_a_neighbour_that_sleeps_holds_up_nobody(here: MachineBus, tmp_path: Path) -> None:
    asleep = ANOTHER_PROCESS.replace(
        "heard = events.next(30)", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", asleep, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process, here.subscribe() as at_home:
        assert process.stdout
        assert process.stdout.readline() == "listening\n"
        for number in range(3000):  # more than any queue of the system holds
            here.publish(event(number))
            assert at_home.next(PATIENCE) == event(number)
        process.kill()


def test_a_folder_that_was_cleared_away_costs_the_news_of_others_alone(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    with closing(MachineBus(folder)) as bus, bus.subscribe() as at_home:
        shutil.rmtree(folder)
        bus.publish(event(1))
        assert at_home.next(PATIENCE) == event(1)


def test_who_closes_leaves_nothing_behind(tmp_path: Path) -> None:
    with ExitStack() as stack:
        buses = [stack.enter_context(closing(MachineBus(tmp_path))) for _ in range(3)]
        buses[0].publish(event(1))
        assert sockets(tmp_path) == 3
    assert sockets(tmp_path) == 0
