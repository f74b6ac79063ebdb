"""Outgoing HTTP that trusts nobody: pinned addresses, no redirects, no proxies, bounded answers.

It drives httpx's transport without its client: a client would follow redirects, keep cookies and
log addresses, and the addresses of forms are secrets.
"""

import functools
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from service.resume.addresses import Resolve, UnknownHost, demand_public, resolve

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 20.0
"""Longest silence of a receiver; Dify's event streams ping every 10 s."""
HEAD_SECONDS = 40.0
"""From the start of a request to the end of the answer's headers."""
WHOLE_ANSWER_SECONDS = 30.0
"""For the answer's body."""
MAX_ANSWER_BYTES = 1024 * 1024

HEADERS = {
    "User-Agent": "confidence-gate",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
"""A connection is used once: a kept one may be closed by the time it is used again, and then
nobody could tell whether the request arrived."""


class BadUrl(Exception):
    """The configured URL is not one that can be called. The text says why."""


class NotReached(Exception):
    """Nothing was sent: the host is unknown or does not accept the connection."""


class NotAnswered(Exception):
    """The request may have been received, but no whole answer came."""


class Nonsense(Exception):
    """The answer is not what such a receiver answers. The text says what came."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: httpx.Headers
    body: bytes


class OpenReply:
    """An answer whose body is still coming."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers = response.headers

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes. Raises NotAnswered where it breaks off."""
        if self.headers.get("content-encoding", "identity") != "identity":
            raise Nonsense("a compressed answer, which was not asked for")
        with _broken_off():
            yield from self._response.iter_raw()

    def whole(self) -> bytes:
        """All of the body, within limits of size and time."""
        body = bytearray()
        until = time.monotonic() + WHOLE_ANSWER_SECONDS
        for chunk in self.chunks():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise Nonsense(f"more than {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > until:
                raise NotAnswered(f"no whole answer within {WHOLE_ANSWER_SECONDS:g} s")
        return bytes(body)

    def abort(self) -> None:
        """End the body now, from any thread: a read that waits for more ends at once."""
        _cut(self._response.extensions["network_stream"])


class Outgoing:
    """Requests of one attempt to one app. The host is resolved once, then pinned."""

    def __init__(
        self,
        *,
        allow_internal: bool,
        resolve: Resolve = resolve,
        silence: float = SILENCE_SECONDS,
        head: float = HEAD_SECONDS,
    ) -> None:
        """A receiver may say nothing for `silence` s, and must begin its answer in `head` s."""
        self._transport = PinnedTransport(allow_internal=allow_internal, resolve=resolve)
        self._head = head
        self._timeouts = httpx.Timeout(silence, connect=CONNECT_SECONDS).as_dict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[OpenReply]:
        """Send a request; the answer's body is read by the caller, inside the block.

        Raises BadUrl, InternalAddress, NotReached or NotAnswered.
        """
        request = httpx.Request(
            method,
            _checked(url),
            headers={**HEADERS, **headers},
            params=query,
            content=body,
            extensions={"timeout": self._timeouts},
        )
        with _broken_off(), _Watchdog(request, self._head):
            response = self._transport.handle_request(request)
        try:
            yield OpenReply(response)
        finally:
            response.close()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Send a request and read the whole answer. Raises Nonsense too."""
        with self.open(method, url, headers=headers, body=body) as reply:
            return Reply(status=reply.status, headers=reply.headers, body=reply.whole())


class PinnedTransport(httpx.BaseTransport):
    """Resolves a host once, checks all of its addresses, and connects to those alone.

    What was checked is what is connected to: a name that changes its mind in between (DNS
    rebinding) changes nothing. The Host header, SNI and the certificate keep the name.
    """

    def __init__(self, *, allow_internal: bool, resolve: Resolve) -> None:
        self._allow_internal = allow_internal
        self._resolve = resolve
        self._known: dict[tuple[str, int], list[str]] = {}
        self._inner = httpx.HTTPTransport(
            verify=_tls(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        refused: httpx.TransportError | None = None
        for address in self._addresses(request.url):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
            try:
                return self._inner.handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        raise refused or httpx.ConnectError("no address")

    def close(self) -> None:
        self._inner.close()

    def _addresses(self, url: httpx.URL) -> list[str]:
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        key = (url.host, port)
        if key not in self._known:
            found = list(self._resolve(url.host, port))
            if not self._allow_internal:
                demand_public(found)
            self._known[key] = found
        return self._known[key]


class _Watchdog:
    """Cuts the connection of a request whose answer does not begin in time.

    Time-outs of single reads do not bound that: each byte of a slow drip sets them back.
    """

    def __init__(self, request: httpx.Request, seconds: float) -> None:
        request.extensions["trace"] = self._trace
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True
        self._connection: Any = None

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._connection = info["return_value"]

    def _bite(self) -> None:
        if self._connection is not None:
            _cut(self._connection)


def _cut(connection: Any) -> None:
    """End a connection from any thread."""
    with suppress(OSError):  # it has ended by itself
        connection.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


@contextmanager
def _broken_off() -> Iterator[None]:
    try:
        yield
    except UnknownHost:
        raise NotReached("its host name cannot be resolved") from None
    except httpx.ConnectTimeout:
        raise NotReached(f"no connection within {CONNECT_SECONDS:g} s") from None
    except httpx.ConnectError as error:
        raise NotReached(f"no connection ({_cause(error)})") from None
    except httpx.TimeoutException:
        raise NotAnswered("it said nothing for too long") from None
    except httpx.TransportError:
        raise NotAnswered("the connection broke off") from None


def _cause(error: Exception) -> str:
    return "TLS failed" if "SSL" in str(error) else "refused"


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise BadUrl("it is not a URL") from None
    if parsed.scheme not in ("http", "https"):
        raise BadUrl("it is not http or https")
    if not parsed.host:
        raise BadUrl("it names no host")
    if parsed.userinfo:
        raise BadUrl("it carries a user name or password")
    return parsed


@functools.cache
def _tls() -> ssl.SSLContext:
    # SSL_CERT_FILE and SSL_CERT_DIR are honoured: a self-hosted Dify may have its own authority.
    return httpx.create_ssl_context()
