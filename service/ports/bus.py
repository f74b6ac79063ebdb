"""News between processes. The store is the truth: a lost event costs time, never an answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened: look in the store. `topic` says to what kind of thing, `key` to which."""

    topic: str  # "decision", "task", "delivery", "gate"
    key: str
    what: str  # "decision.made", "task.resolved", "delivery.delivered", ...


class Subscription(Protocol):
    def next(self, timeout: float) -> Event | None:
        """The next event, or None after `timeout` seconds or once the subscription is closed."""
        ...

    def __iter__(self) -> Iterator[Event]:
        """Events as they come, until closed."""
        ...


def everything(_: Event) -> bool:
    return True


class Bus(Protocol):
    """Every subscriber hears every event that it wants and that is published after it subscribed.

    `may_wait`: whether publishing may have to wait for a network.
    """

    may_wait: bool

    def publish(self, *events: Event) -> None:
        """Tell everybody. Never raises for a bus that is down: it logs and returns."""
        ...

    def subscribe(
        self, wanted: Callable[[Event], bool] = everything
    ) -> AbstractContextManager[Subscription]:
        """`wanted` is asked by whoever publishes: what nobody wants wakes nobody. It must neither
        wait nor fail."""
        ...

    def is_healthy(self) -> bool: ...

    def close(self) -> None: ...
