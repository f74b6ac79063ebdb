"""How much a caller may ask for: alone, and shared over a real Redis that goes away."""

from collections.abc import Callable

import pytest

from service.limits.buckets import BURST_SECONDS, Buckets, Unlimited
from service.limits.redis_buckets import RedisBuckets
from tests.servers import RedisServer

RATE = 5.0
BURST = int(RATE * BURST_SECONDS)


class Hands:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def taken(fetch: Callable[[str, int], float], most: int, caller: str = "ann") -> int:
    """How many of `most` single requests are allowed."""
    return sum(fetch(caller, 1) == 0 for _ in range(most))


def test_a_burst_then_as_much_as_flows_in() -> None:
    clock = Hands()
    buckets = Buckets(RATE, clock)
    assert taken(buckets.fetch, BURST + 10) == BURST
    assert not buckets.at_hand("ann", 1)
    clock.at += 2
    assert taken(buckets.fetch, 100) == 2 * RATE
    clock.at += 1000
    assert taken(buckets.fetch, BURST + 10) == BURST


def test_who_is_turned_away_is_told_when_to_come_back() -> None:
    clock = Hands()
    buckets = Buckets(RATE, clock)
    taken(buckets.fetch, BURST)
    wait = buckets.fetch("ann", 10)
    assert wait == pytest.approx(10 / RATE)
    clock.at += wait
    assert buckets.fetch("ann", 10) == 0


def test_nobody_pays_for_another() -> None:
    buckets = Buckets(RATE, Hands())
    taken(buckets.fetch, BURST + 1)
    assert taken(buckets.fetch, BURST, caller="bob") == BURST


def test_a_batch_larger_than_a_bucket_takes_a_full_one() -> None:
    buckets = Buckets(RATE, Hands())
    assert buckets.fetch("ann", BURST * 4) == 0
    assert buckets.fetch("ann", 1) > 0


def test_without_a_limit_everything_is_allowed() -> None:
    assert Unlimited().at_hand("ann", 10**6)
    assert Unlimited().fetch("ann", 10**6) == 0


def test_two_processes_share_one_bucket(own_redis: RedisServer) -> None:
    rate = 0.5  # so slow that nothing flows in meanwhile; its bucket holds 5
    one, other = RedisBuckets(own_redis.url, rate), RedisBuckets(own_redis.url, rate)
    granted = 0
    for turn in range(20):
        process = one if turn % 2 else other
        granted += process.at_hand("ann", 1) or process.fetch("ann", 1) == 0
    assert granted == 5
    assert other.fetch("ann", 2) > 1
    assert other.fetch("bob", 1) == 0
    one.close()
    other.close()


def test_most_requests_ask_nobody(own_redis: RedisServer) -> None:
    buckets = RedisBuckets(own_redis.url, 1000)
    assert not buckets.at_hand("ann", 1)
    assert buckets.fetch("ann", 1) == 0
    own_redis.stop()
    assert all(buckets.at_hand("ann", 1) for _ in range(99))  # the handful that was taken
    buckets.close()


def test_without_redis_each_process_goes_by_itself(own_redis: RedisServer) -> None:
    buckets = RedisBuckets(own_redis.url, RATE)
    own_redis.stop()
    assert taken(buckets.fetch, BURST + 10) == BURST
    assert buckets.fetch("ann", 1) > 0
    buckets.close()
