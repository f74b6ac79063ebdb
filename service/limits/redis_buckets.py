"""Token buckets that all processes on one Redis share.

A process takes a handful at a time, so that most requests ask nobody. While Redis is away each
process goes by buckets of its own: limits are there to keep the service up, not to take it down.
"""

import threading
import time
from typing import Any, cast

import redis
import structlog

from service.limits.buckets import BURST_SECONDS, Buckets

PREFIX = "gate:allowance:"
TIMEOUT = 0.5
LOOK_AGAIN_AFTER = 5.0
"""Seconds in which a Redis that did not answer is not asked again."""
HANDFULS_A_SECOND = 10

TAKE = """
local rate, burst, wanted, handful = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]),
  tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(held[1]) or burst, tonumber(held[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local given = 0
if tokens >= wanted then given = math.min(tokens, math.max(wanted, handful)) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - given), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {tostring(given), tostring(tokens)}
"""

log = structlog.get_logger()


class RedisBuckets:
    """One bucket per caller for all processes, `rate` a second. Safe to use from many threads."""

    def __init__(self, url: str, rate: float) -> None:
        self._redis = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
        self._take = self._redis.register_script(TAKE)
        self._rate = rate
        self._burst = rate * BURST_SECONDS
        self._alone = Buckets(rate)
        self._away_until = 0.0
        self._held: dict[str, float] = {}
        self._turn = threading.Lock()

    def at_hand(self, caller: str, count: int) -> bool:
        with self._turn:
            held = self._held.get(caller, 0.0)
            if held < count:
                return False
            self._held[caller] = held - count
            return True

    def fetch(self, caller: str, count: int) -> float:
        if time.monotonic() < self._away_until:
            return self._alone.fetch(caller, count)
        wanted = min(count, self._burst)
        handful = self._rate / HANDFULS_A_SECOND
        try:
            answer: Any = self._take(
                keys=[PREFIX + caller], args=[self._rate, self._burst, wanted, handful]
            )
        except redis.RedisError as error:
            self._away_until = time.monotonic() + LOOK_AGAIN_AFTER
            log.warning("limits.unshared", error=str(error))
            return self._alone.fetch(caller, count)
        given, tokens = map(float, cast("list[str]", answer))
        if not given:
            return (wanted - tokens) / self._rate
        with self._turn:
            self._held[caller] = self._held.get(caller, 0.0) + given - wanted
        return 0.0

    def close(self) -> None:
        self._redis.close()
