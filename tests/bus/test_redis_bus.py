"""Redis is news, not truth: it may be elsewhere, away, or new-born."""

from collections.abc import Iterator

import pytest
import redis

from service.bus.redis_streams import STREAM, RedisBus
from service.ports.bus import Event, Subscription
from tests.servers import RedisServer

PATIENCE = 30.0


def event(number: int) -> Event:
    return Event(topic="task", key=f"tsk_{number}", what="task.resolved")


def hear_until(subscription: Subscription, last: Event) -> list[Event]:
    heard: list[Event] = []
    while not heard or heard[-1] != last:
        news = subscription.next(PATIENCE)
        assert news is not None, f"{last} was never heard"
        heard.append(news)
    return heard


@pytest.fixture
def here(own_redis: RedisServer) -> Iterator[RedisBus]:
    bus = RedisBus(own_redis.url)
    yield bus
    bus.close()


@pytest.fixture
def there(own_redis: RedisServer) -> Iterator[RedisBus]:
    """The bus of another process."""
    bus = RedisBus(own_redis.url)
    yield bus
    bus.close()


def test_news_cross_from_process_to_process(here: RedisBus, there: RedisBus) -> None:
    with there.subscribe() as subscription:
        here.publish(event(1), event(2))
        assert hear_until(subscription, event(2)) == [event(1), event(2)]


def test_subscriptions_survive_a_restart_that_loses_everything(
    here: RedisBus, there: RedisBus, own_redis: RedisServer
) -> None:
    with there.subscribe() as subscription:
        here.publish(event(1))
        hear_until(subscription, event(1))
        own_redis.stop()
        own_redis.start()
        here.publish(event(2))
        assert hear_until(subscription, event(2)) == [event(2)]


def test_a_bus_that_is_down_raises_nothing_and_still_hears_itself(
    here: RedisBus, own_redis: RedisServer
) -> None:
    own_redis.stop()
    assert not here.is_healthy()
    with here.subscribe() as subscription:
        here.publish(event(1))
        assert hear_until(subscription, event(1)) == [event(1)]
        own_redis.start()
        assert here.is_healthy()
        here.publish(event(2))
        assert hear_until(subscription, event(2))[-1] == event(2)


def test_a_bus_that_hangs_does_not_hold_up_everybody_who_has_news(
    here: RedisBus, there: RedisBus, own_redis: RedisServer
) -> None:
    with here.subscribe() as subscription, there.subscribe() as elsewhere:
        with own_redis.hanging():
            for number in range(1000):  # waiting for each would take a quarter of an hour
                here.publish(event(number))
            assert hear_until(subscription, event(999))[0] == event(0)
        news = None
        while news != event(1000):  # once it has been found to be back
            here.publish(event(1000))
            news = elsewhere.next(0.1)


def test_who_subscribed_while_it_was_down_hears_what_others_say_later(
    here: RedisBus, there: RedisBus, own_redis: RedisServer
) -> None:
    own_redis.stop()
    with there.subscribe() as subscription:
        own_redis.start()
        here.publish(event(1))
        assert hear_until(subscription, event(1))[-1] == event(1)


def test_a_stranger_in_the_stream_is_passed_over(here: RedisBus, own_redis: RedisServer) -> None:
    with here.subscribe() as subscription, redis.Redis.from_url(own_redis.url) as stranger:
        stranger.xadd(STREAM, {"hello": "world"})
        here.publish(event(1))
        assert hear_until(subscription, event(1)) == [event(1)]


def test_the_stream_does_not_grow_without_end(here: RedisBus) -> None:
    for _ in range(25):
        here.publish(*[event(n) for n in range(1000)])
    assert here._redis.xlen(STREAM) < 12_000
