"""The bus between the processes of one machine, over sockets in a folder that is theirs alone.

Each process listens at a socket of its own there and tells its news to all the others. As on any
bus, news may be lost: a neighbour that has died, or does not keep up, is not waited for.
"""

import json
import secrets
import selectors
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from threading import Lock, Thread

import structlog

from service.bus.memory import InProcessBus
from service.ports.bus import Event, Subscription, everything

SUFFIX = ".news"
EVENTS_AT_ONCE = 100
LARGEST_MESSAGE = 128 * 1024
"""Bytes: far more than so many events take."""

log = structlog.get_logger(__name__)


class MachineBus:
    """Events for every process on the same folder. Safe to use from many threads."""

    may_wait = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = InProcessBus()
        self._own = f"{secrets.token_hex(4)}{SUFFIX}"
        self._neighbours: dict[str, socket.socket] = {}
        self._telling = Lock()
        self._door = _open_door(folder / self._own)
        self._bell, self._bell_pull = socket.socketpair()
        self._reader = Thread(target=self._read, name="bus", daemon=True)
        self._reader.start()

    def publish(self, *events: Event) -> None:
        self._local.publish(*events)
        packets = [
            json.dumps([(e.topic, e.key, e.what) for e in events[at : at + EVENTS_AT_ONCE]])
            for at in range(0, len(events), EVENTS_AT_ONCE)
        ]
        try:
            with self._telling:
                for name in self._others():
                    for packet in packets:
                        self._tell(name, packet.encode())
        except OSError as error:  # somebody has cleared the folder away
            log.warning("bus_publish_failed", events=len(events), error=str(error))

    def subscribe(
        self, wanted: Callable[[Event], bool] = everything
    ) -> AbstractContextManager[Subscription]:
        return self._local.subscribe(wanted)

    def is_healthy(self) -> bool:
        return self._reader.is_alive()

    def close(self) -> None:
        self._bell_pull.close()
        self._reader.join()
        self._local.close()
        (self._folder / self._own).unlink(missing_ok=True)
        with self._telling:
            for neighbour in self._neighbours.values():
                neighbour.close()
            self._neighbours.clear()

    # --- telling ---

    def _others(self) -> list[str]:
        names = (path.name for path in self._folder.iterdir() if path.suffix == SUFFIX)
        return [name for name in names if name != self._own]

    def _tell(self, name: str, packet: bytes) -> None:
        try:
            if name not in self._neighbours:
                self._neighbours[name] = _connected(self._folder / name)
            self._neighbours[name].send(packet)
        except BlockingIOError:
            pass  # it does not keep up: it will look in the store by itself
        except ConnectionRefusedError:  # it died, and could not take its socket away itself
            (self._folder / name).unlink(missing_ok=True)
        except OSError:
            if gone := self._neighbours.pop(name, None):
                gone.close()

    # --- hearing ---

    def _read(self) -> None:
        with ExitStack() as opened, selectors.DefaultSelector() as ready:
            for one in (self._door, self._bell):
                ready.register(opened.enter_context(one), selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    match key.fileobj:
                        case self._bell:
                            return
                        case self._door:
                            with suppress(OSError):  # who knocked is gone again
                                neighbour, _ = self._door.accept()
                                opened.enter_context(neighbour)
                                ready.register(neighbour, selectors.EVENT_READ)
                        case socket.socket() as neighbour if not self._hear(neighbour):
                            ready.unregister(neighbour)
                            neighbour.close()

    def _hear(self, neighbour: socket.socket) -> bool:
        """Whether it may have more to say."""
        try:
            packet = neighbour.recv(LARGEST_MESSAGE)
        except OSError:
            return False
        told = json.loads(packet or "[]")
        self._local.publish(*(Event(topic=topic, key=key, what=what) for topic, key, what in told))
        return bool(packet)


def _packets() -> socket.socket:
    """A socket that keeps messages whole, and waits for nobody."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    found.setblocking(False)
    return found


def _open_door(address: Path) -> socket.socket:
    """A listening socket, which gets its name once it listens: before, it would seem dead."""
    found = _packets()
    found.bind(str(address.with_suffix("")))
    found.listen()
    address.with_suffix("").rename(address)
    return found


def _connected(address: Path) -> socket.socket:
    found = _packets()
    try:
        found.connect(str(address))
    except OSError:
        found.close()
        raise
    return found
