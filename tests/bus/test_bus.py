"""Every bus: who subscribed hears everything from then on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from service.bus.machine import MachineBus
from service.bus.memory import InProcessBus
from service.bus.redis_streams import RedisBus
from service.ports.bus import Bus, Event, Subscription

PATIENCE = 30.0  # seconds, for a slow machine; nothing waits as long on a sound one


def event(number: int) -> Event:
    return Event(topic="decision", key=f"dec_{number}", what="decision.made")


def hear(subscription: Subscription, count: int) -> list[Event | None]:
    return [subscription.next(PATIENCE) for _ in range(count)]


@pytest.fixture(params=["memory", "machine", "redis"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    bus: Bus
    match request.param:
        case "memory":
            bus = InProcessBus()
        case "machine":
            bus = MachineBus(tmp_path)
        case _:
            bus = RedisBus(request.getfixturevalue("redis_url"))
    yield bus
    bus.close()


def test_every_subscriber_hears_every_event_in_order(bus: Bus) -> None:
    events = [event(n) for n in range(100)]
    with bus.subscribe() as first, bus.subscribe() as second:
        bus.publish(*events[:50])
        for single in events[50:]:
            bus.publish(single)
        assert hear(first, 100) == events
        assert hear(second, 100) == events


def test_a_subscriber_hears_only_what_it_wants(bus: Bus) -> None:
    with bus.subscribe(lambda event: event.key == "dec_2") as subscription:
        bus.publish(event(1), event(2), event(3))
        bus.publish(event(2))
        assert hear(subscription, 2) == [event(2)] * 2
        assert subscription.next(0) is None


def test_what_was_published_before_is_not_news(bus: Bus) -> None:
    bus.publish(event(1))
    with bus.subscribe() as subscription:
        bus.publish(event(2))
        assert hear(subscription, 1) == [event(2)]


def test_publishing_to_nobody_is_fine(bus: Bus) -> None:
    bus.publish(event(1))
    bus.publish()
    assert bus.is_healthy()


def test_no_news_is_none(bus: Bus) -> None:
    with bus.subscribe() as subscription:
        assert subscription.next(0) is None


def test_whoever_left_hears_nothing_more(bus: Bus) -> None:
    with bus.subscribe() as gone:
        bus.publish(event(1))
        assert hear(gone, 1) == [event(1)]
    bus.publish(event(2))
    assert gone.next(PATIENCE) is None
    assert list(gone) == []


def test_many_threads_publish_and_nothing_is_lost(bus: Bus) -> None:
    def publish(number: int) -> None:
        for n in range(25):
            bus.publish(event(number * 25 + n))

    with bus.subscribe() as subscription:
        writers = [Thread(target=publish, args=(number,)) for number in range(8)]
        for writer in writers:
            writer.start()
        heard = hear(subscription, 200)
        for writer in writers:
            writer.join()
    assert sorted(e.key for e in heard if e) == sorted(event(n).key for n in range(200))


@pytest.mark.parametrize(
    "wait", [list, lambda subscription: subscription.next(PATIENCE)], ids=["loop", "next"]
)
def test_closing_wakes_who_waits(bus: Bus, wait: Callable[[Subscription], object]) -> None:
    with bus.subscribe() as subscription:
        waiting = Thread(target=wait, args=(subscription,))
        waiting.start()
        bus.close()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()


def test_iterating_gives_events_until_the_end(bus: Bus) -> None:
    with bus.subscribe() as subscription:
        bus.publish(event(1), event(2))
        news = iter(subscription)
        assert [next(news), next(news)] == [event(1), event(2)]
