"""`kill -9` again and again under a crowd, each time after another count of answers.

A seed is a schedule. Whatever it is: what was acknowledged is there, a repeated request has one
effect, and the audit chain holds.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from demo.service_process import ServiceProcess
from tests.faults.test_kill_requests import GATE, GATES, Crowd
from tests.installation import ServiceCaller, Site, free_ports

CALLERS = 12
LIVES = 3
MOST_ANSWERS = 80
"""In one life of the service, before the kill."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    [port] = free_ports(1)
    return Site(tmp_path, port, GATES)


def test_whenever_it_is_killed_nothing_acknowledged_is_lost(site: Site, seed: int) -> None:
    lot = random.Random(seed)
    acknowledged: dict[str, str] = {}
    unanswered: list[str] = []
    callers = count()
    for _ in range(LIVES):
        with site.start() as process:
            crowd = Crowd(service=ServiceCaller(site.url))
            killed_after(lot.randrange(MOST_ANSWERS), crowd, process, callers)
        acknowledged |= {key: told["decision_id"] for key, told in crowd.acknowledged.items()}
        unanswered += crowd.unanswered
    with site.start():
        service = ServiceCaller(site.url)
        for key, decision_id in acknowledged.items():
            assert service.decision(decision_id)["decision_id"] == decision_id
            assert service.ask(GATE, key, key=key).json()["decision_id"] == decision_id
        repeated = {
            service.ask(GATE, key, key=key).raise_for_status().json()["decision_id"]
            for key in unanswered
        }
        assert len(repeated) == len(unanswered)
        assert not repeated & set(acknowledged.values())
        found = [task["decision_id"] for task in service.tasks()]
        assert sorted(found) == sorted([*acknowledged.values(), *repeated])
    site.verify_audit()


def killed_after(
    answers: int, crowd: Crowd, process: ServiceProcess, callers: Iterator[int]
) -> None:
    """Let new callers ask on, and kill the service at its nth answer to them."""
    with ThreadPoolExecutor(CALLERS) as pool:
        asking = [pool.submit(crowd.ask_on, next(callers)) for _ in range(CALLERS)]
        for _ in range(answers):
            assert crowd.enough.acquire(timeout=60)
        process.kill()
        for asked in asking:
            asked.result()
