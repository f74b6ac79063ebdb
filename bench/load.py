"""The load generator: a process of its own, lean, that tells how much of the machine it took.

Closed loop: so many connections, each sends the next request when it has its answer. Open loop:
requests fall due at random (Poisson) whether or not the last ones are answered, and each one's
time counts from when it was due, so that a server that stalls is not spared those who would have
come meanwhile.

`python -m bench.load` reads an Order as JSON from its input and writes a Report as JSON.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import cast

import numpy as np
import uvloop

MOST_CONNECTIONS = 2000
SECONDS_TO_FINISH = 20.0
FEWEST, LONGEST = 20, 60.0
"""On a slow machine a run goes on until so many answers, or seconds, have passed."""


@dataclass(kw_only=True)
class Order:
    """What to send, and how. With a `rate` (requests a second) the loop is open."""

    host: str
    port: int
    path: str
    bodies: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 64
    rate: float | None = None
    seconds: float = 10.0
    warm_up: float = 1.0
    keyed: bool = False
    """Whether each request brings an Idempotency-Key of its own."""
    seed: int = 1


@dataclass(kw_only=True)
class Report:
    """What came back in the time that counts. Times are in milliseconds, cores in whole cores."""

    per_second: float
    p50: float
    p95: float
    p99: float
    statuses: dict[str, int]
    unanswered: int
    cores: float

    @property
    def good(self) -> bool:
        return set(self.statuses) == {"200"} and not self.unanswered


class Load:
    """One run."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = itertools.cycle(_requests(order))
        self._numbers = itertools.count()
        self._idle: list[Connection] = []
        self._due: deque[float] = deque()
        self._opening = 0
        self._outstanding = 0
        self._counting = self._over = False
        self._statuses: Counter[str] = Counter()
        self._times: list[float] = []
        self._closed = order.rate is None
        self._lost = 0

    async def run(self) -> Report:
        order = self._order
        sender = asyncio.create_task(self._send_all() if self._closed else self._send_by_lot())
        await asyncio.sleep(order.warm_up)
        self._counting = True
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(order.seconds)
        while len(self._times) < FEWEST and time.perf_counter() < began + LONGEST:
            await asyncio.sleep(0.05)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        answered = len(self._times)
        self._over = True
        if self._closed:
            self._counting = False
        sender.cancel()
        await self._finish()
        unanswered = self._lost + self._outstanding
        times = np.array(self._times or [np.nan]) * 1000
        p50, p95, p99 = (float(np.percentile(times, share)) for share in (50, 95, 99))
        return Report(
            per_second=answered / elapsed,
            p50=p50,
            p95=p95,
            p99=p99,
            statuses=dict(self._statuses),
            unanswered=unanswered,
            cores=cpu / elapsed,
        )

    def answered(self, connection: "Connection", status: str, took: float) -> None:
        self._outstanding -= 1
        if self._counting:
            self._statuses[status] += 1
            self._times.append(took)
        if self._closed and not self._over:
            self._give(connection, time.perf_counter())
        elif self._due:
            self._give(connection, self._due.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: "Connection", waiting: bool) -> None:
        if waiting:
            self._outstanding -= 1
            self._lost += 1
        elif connection in self._idle:  # servers close those that are idle for long
            self._idle.remove(connection)
        if self._closed and not self._over:
            self._open()

    async def _send_all(self) -> None:
        for _ in range(self._order.connections):
            self._open(time.perf_counter())
        await asyncio.Event().wait()

    async def _send_by_lot(self) -> None:
        lot, order = random.Random(self._order.seed), self._order
        due = time.perf_counter()
        while True:
            due += lot.expovariate(order.rate or 1.0)
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            self._fall_due(due)

    def _fall_due(self, due: float) -> None:
        if self._idle:
            self._give(self._idle.pop(), due)
        elif self._opening + self._outstanding < MOST_CONNECTIONS:
            self._open(due)
        else:
            self._due.append(due)

    def _open(self, due: float | None = None) -> None:
        async def connect() -> None:
            loop = asyncio.get_running_loop()
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(self), self._order.host, self._order.port
                )
            except OSError:
                self._lost += 1
                return
            finally:
                self._opening -= 1
            self._give(connection, time.perf_counter() if due is None else due)

        self._opening += 1
        task = asyncio.create_task(connect())
        _OPENING.add(task)
        task.add_done_callback(_OPENING.discard)

    def _give(self, connection: "Connection", due: float) -> None:
        head, body = next(self._requests)
        key = b""
        if self._order.keyed:
            key = b"idempotency-key: %d-%d\r\n" % (self._order.seed, next(self._numbers))
        self._outstanding += 1
        connection.send(head + key + body, due)

    async def _finish(self) -> None:
        """Those that were sent, or fell due, in time are waited for: in the open loop the slowest
        are the point, and after the closed one nobody's next turn begins with what is left."""
        give_up_at = time.perf_counter() + SECONDS_TO_FINISH
        while (self._outstanding or self._due) and time.perf_counter() < give_up_at:
            await asyncio.sleep(0.02)
        self._counting = False


_OPENING: set[asyncio.Task[None]] = set()


class Connection(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting = False
        self._received = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own inherits from none

    def send(self, request: bytes, due: float) -> None:
        self._due, self._waiting, self._received = due, True, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if whole(self._received):
            self._waiting = False
            status = self._received[9:12].decode()
            self._load.answered(self, status, time.perf_counter() - self._due)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's word
        self._load.lost(self, self._waiting)


def whole(received: bytes) -> bool:
    """Whether these bytes are one answer to its end."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = received[:end].lower()
    place = head.find(b"content-length:")
    if place >= 0:
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        return len(received) >= end + 4 + length
    return b"transfer-encoding: chunked" in head and received.endswith(b"0\r\n\r\n")


def _requests(order: Order) -> list[tuple[bytes, bytes]]:
    """What stands before a key's header, and what behind it."""
    given = "".join(f"{name}: {value}\r\n" for name, value in order.headers.items())
    head = (
        f"POST {order.path} HTTP/1.1\r\nhost: {order.host}:{order.port}\r\n"
        f"content-type: application/json\r\n{given}"
    ).encode()
    return [
        (head, b"content-length: %d\r\n\r\n%b" % (len(body), body))
        for body in (text.encode() for text in order.bodies)
    ]


def main() -> None:
    order = Order(**json.load(sys.stdin))

    async def run() -> Report:
        return await Load(order).run()

    json.dump(asdict(uvloop.run(run())), sys.stdout)


if __name__ == "__main__":
    main()
