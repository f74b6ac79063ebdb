"""A real HTTP proxy that stands between two parties, notes what passes, and springs traps."""

import http.client
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PATIENCE = 30.0
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "server", "date"}
CHUNK = 64 * 1024


class Moment(Enum):
    """Where on its way a request is caught."""

    ARRIVED = auto()
    """Nothing of it has reached the other side."""
    FORWARDED = auto()
    """The other side has it; its answer is not there yet."""
    ANSWERED = auto()
    """The other side has acted and answered; the caller knows nothing of it."""
    PASSED_ON = auto()
    """The caller has the answer."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: str

    def fits(self, method: str, pattern: str) -> bool:
        """Whether the pattern is found in the path, a space and the body."""
        return self.method == method and re.search(pattern, f"{self.path} {self.body}") is not None


@dataclass(kw_only=True)
class Trap:
    """Catches the first request that fits; its caller then hears no more."""

    method: str
    pattern: str
    moment: Moment
    spring: Callable[[], None]


class Dropped(Exception):
    """The caller's connection ends here."""


class Refused(Exception):
    """The caller is refused with this status, in the other side's place."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Middleman:
    """Forwards to `upstream`. Event streams flow through."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._changed = threading.Condition()
        self._traps: list[Trap] = []
        self._answers: list[tuple[Asked, int]] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def catch(
        self,
        method: str,
        pattern: str,
        moment: Moment,
        spring: Callable[[], None],
    ) -> threading.Event:
        """Set a trap for the first request that fits; the event is set once it has sprung."""
        sprung = threading.Event()

        def spring_and_tell() -> None:
            try:
                spring()
            finally:
                sprung.set()

        with self._changed:
            self._traps.append(
                Trap(
                    method=method,
                    pattern=pattern,
                    moment=moment,
                    spring=spring_and_tell,
                )
            )
        return sprung

    def refuse(self, method: str, pattern: str, status: int) -> threading.Event:
        """Refuse the first request that fits."""

        def spring() -> None:
            raise Refused(status)

        return self.catch(method, pattern, Moment.ARRIVED, spring)

    def statuses(self, method: str, pattern: str) -> list[int]:
        """What the other side has answered so far to requests that fit."""
        with self._changed:
            return [status for asked, status in self._answers if asked.fits(method, pattern)]

    def wait_for(self, method: str, pattern: str, count: int = 1) -> None:
        """Wait until so many requests that fit have been answered."""
        with self._changed:
            enough = self._changed.wait_for(
                lambda: sum(asked.fits(method, pattern) for asked, _ in self._answers) >= count,
                PATIENCE,
            )
        assert enough, f"waited in vain for {count} x {method} {pattern}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- one request ---

    def _carry(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        asked = Asked(
            method=handler.command, path=handler.path, body=body.decode("utf-8", "replace")
        )
        self._at(Moment.ARRIVED, asked)
        upstream = http.client.HTTPConnection(self._upstream, timeout=PATIENCE)
        try:
            headers = {k: v for k, v in handler.headers.items() if k.lower() not in HOP_BY_HOP}
            upstream.request(asked.method, asked.path, body=body or None, headers=headers)
            self._at(Moment.FORWARDED, asked)
            answer = upstream.getresponse()
            self._note(asked, answer.status)
            self._at(Moment.ANSWERED, asked)
            self._give(handler, answer)
            self._at(Moment.PASSED_ON, asked)
        finally:
            upstream.close()

    def _give(self, handler: BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> None:
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while chunk := answer.read1(CHUNK):
            handler.wfile.write(chunk)

    def _note(self, asked: Asked, status: int) -> None:
        with self._changed:
            self._answers.append((asked, status))
            self._changed.notify_all()

    def _at(self, moment: Moment, asked: Asked) -> None:
        with self._changed:
            fitting = (
                trap
                for trap in self._traps
                if trap.moment is moment and asked.fits(trap.method, trap.pattern)
            )
            trap = next(fitting, None)
            if trap is None:
                return
            self._traps.remove(trap)
        trap.spring()
        raise Dropped

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        carry = self._carry

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.close_connection = True
                self.raw_requestline = self.rfile.readline(CHUNK)
                if self.raw_requestline and self.parse_request():
                    # Either side may be gone in the middle: that is what this is for.
                    with suppress(Dropped, OSError, http.client.HTTPException):
                        self.close_connection = True
                        try:
                            carry(self)
                        except Refused as refusal:
                            self.send_response(refusal.status)
                            self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent: the tests say what they saw."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
