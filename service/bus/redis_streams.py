"""The bus between processes, on one Redis stream.

Redis carries news and keeps nothing that matters: emptied or restarted, it costs time alone.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.bus.inbox import CAPACITY
from service.bus.memory import InProcessBus
from service.ports.bus import Event, Subscription, everything

STREAM = "gate:events"
BLOCK_MS = 500  # how long one read waits, and so how long closing may take
TIMEOUT = 1.0  # seconds until a silent Redis counts as down
PAUSE = 0.25  # seconds between tries to reach one that is down
SKEW_MS = 60_000  # how far our clock and Redis's may differ

log = structlog.get_logger(__name__)


class RedisBus:
    """Events for every process on the same Redis. Safe to use from many threads.

    One thread reads the stream for all subscribers of this process, from the first subscription
    on. While Redis is down, this process at least still hears itself; that thread alone looks
    whether it is back, so that one that hangs does not hold up everybody who has news.
    """

    may_wait = True

    def __init__(self, url: str) -> None:
        self._redis = _connect(url, timeout=TIMEOUT)
        self._reading_redis = _connect(url, timeout=TIMEOUT + BLOCK_MS / 1000)
        self._local = InProcessBus()
        self._closing = Flag()
        self._reachable = Flag()
        self._reachable.set()
        self._reader: Thread | None = None
        self._starting = Lock()

    def publish(self, *events: Event) -> None:
        if self._reader and not self._reachable.is_set():
            self._local.publish(*events)
            return
        pipeline = self._redis.pipeline(transaction=False)
        for event in events:
            fields: Any = {"topic": event.topic, "key": event.key, "what": event.what}
            pipeline.xadd(STREAM, fields, maxlen=CAPACITY, approximate=True)
        try:
            pipeline.execute()
        except redis.RedisError as error:
            self._reachable.clear()
            log.warning("bus_publish_failed", events=len(events), error=str(error))
            self._local.publish(*events)

    @contextmanager
    def subscribe(self, wanted: Callable[[Event], bool] = everything) -> Iterator[Subscription]:
        with self._local.subscribe(wanted) as subscription:
            self._follow()
            yield subscription

    def is_healthy(self) -> bool:
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        self._closing.set()
        self._local.close()
        with self._starting:
            if self._reader:
                self._reader.join()
        self._reading_redis.close()
        self._redis.close()

    def _follow(self) -> None:
        """Have the reader run, from the stream's end as it is before this returns."""
        with self._starting:
            if self._reader is None:
                arguments = (self._end_of_stream(),)
                self._reader = Thread(target=self._read, args=arguments, name="bus", daemon=True)
                self._reader.start()

    def _end_of_stream(self) -> str:
        try:
            newest = cast("list[tuple[str, Any]]", self._redis.xrevrange(STREAM, count=1))
        except redis.RedisError as error:
            log.warning("bus_unreachable", error=str(error))
            # Stream ids are Redis's time: rather some old news again than new ones missed.
            return f"{time.time_ns() // 1_000_000 - SKEW_MS}-0"
        return newest[0][0] if newest else "0-0"

    def _read(self, position: str) -> None:
        while not self._closing.is_set():
            try:
                streams = self._reading_redis.xread({STREAM: position}, block=BLOCK_MS)
            except redis.RedisError as error:
                if self._reachable.is_set():
                    log.warning("bus_unreachable", error=str(error))
                self._reachable.clear()
                self._closing.wait(PAUSE)
                continue
            if not self._reachable.is_set():
                log.info("bus_reachable_again")
            self._reachable.set()
            for _, entries in cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", streams):
                for entry_id, fields in entries:
                    position = entry_id
                    self._tell(fields)

    def _tell(self, fields: dict[str, str]) -> None:
        try:
            event = Event(topic=fields["topic"], key=fields["key"], what=fields["what"])
        except KeyError as missing:  # not from us; the reader must outlive it
            log.warning("bus_entry_ignored", missing=str(missing))
        else:
            self._local.publish(event)


def _connect(url: str, *, timeout: float) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=TIMEOUT,
        # A restart leaves dead connections in the pool: each is worth one more try, at once.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
