"""Two replicas of the service on one PostgreSQL and one Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.faults.receiver import SECRET, Receiver
from tests.installation import ServiceCaller, Site, free_ports
from tests.servers import PostgresServer, RedisServer, a_server, start_redis

GATES = """\
apps:
  receiver: {{url: "{receiver}", secrets: ["{secret}"], allow_internal: true}}
gates:
  content-moderation:
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [receiver]
    resume: {{mode: webhook, app: receiver}}
"""


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """Two processes of one service, and what they share."""

    one: ServiceCaller
    other: ServiceCaller
    receiver: Receiver
    redis: RedisServer
    postgres: PostgresServer
    database: str
    sites: tuple[Site, Site]

    def logged(self, event: str) -> bool:
        """Whether one of them has logged this."""
        return any(event in site.log.read_text() for site in self.sites)


@pytest.fixture(scope="session")
def replicas(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    """Both started at the same moment, on an empty database."""
    with ExitStack() as stack:
        redis = stack.enter_context(a_server(start_redis(), "Redis"))
        database = stack.enter_context(postgres.database())
        receiver = stack.enter_context(Receiver())
        gates = GATES.format(receiver=receiver.url, secret=SECRET)
        shared = {"GATE_DATABASE_URL": database, "GATE_REDIS_URL": redis.url}
        sites = [
            Site(tmp_path_factory.mktemp("replica"), port, gates, **shared)
            for port in free_ports(2)
        ]
        with ThreadPoolExecutor(2) as pool:
            for process in [begun.result() for begun in [pool.submit(s.start) for s in sites]]:
                stack.enter_context(process)
        one, other = (ServiceCaller(site.url) for site in sites)
        yield Replicas(
            one=one,
            other=other,
            receiver=receiver,
            redis=redis,
            postgres=postgres,
            database=database,
            sites=(sites[0], sites[1]),
        )
