"""Outgoing requests: where they may go, where they really go, and how much they swallow."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.resume import outgoing
from service.resume.addresses import InternalAddress, UnknownHost, demand_public
from service.resume.outgoing import (
    MAX_ANSWER_BYTES,
    BadUrl,
    Nonsense,
    NotAnswered,
    NotReached,
    Outgoing,
)


class Site:
    """A small server that remembers what it was asked. `answer` writes the whole answer."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[dict[str, str]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], object] = say_hello
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.released = threading.Event()
        threading.Thread(
            target=lambda: self.server.serve_forever(poll_interval=0.01), daemon=True
        ).start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(dict(self.headers))
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def say_hello(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(b"hello")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def get(url: str, http: Outgoing | None = None) -> bytes:
    with http or Outgoing(allow_internal=True) as client:
        return client.send("GET", url, headers={}).body


def resolving_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


# --- where they may go ---

INTERNAL = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/metadata",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://224.0.0.1/",
    "https://127.0.0.1/",
]


@pytest.mark.parametrize("url", INTERNAL)
def test_internal_addresses_are_refused_however_they_are_spelled(url: str) -> None:
    with pytest.raises(InternalAddress):
        get(url, Outgoing(allow_internal=False))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_not(address: str) -> None:
    demand_public([address])


def test_a_name_is_refused_for_what_it_resolves_to(site: Site) -> None:
    http = Outgoing(allow_internal=False, resolve=resolving_to("127.0.0.1"))
    with pytest.raises(InternalAddress):
        get(f"http://dify.example:{site.port}/", http)
    assert site.asked == []


def test_one_internal_address_among_public_ones_spoils_the_name(site: Site) -> None:
    http = Outgoing(allow_internal=False, resolve=resolving_to("8.8.8.8", "127.0.0.1"))
    with pytest.raises(InternalAddress):
        get(f"http://dify.example:{site.port}/", http)
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "example.com",
        "",
        "http:///path",
        "http://0177.0.0.1/",
        "http://user:secret@example.com/",
        "http://exam\x00ple.com/",
    ],
)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrl) as refusal:
        get(url)
    assert "secret" not in str(refusal.value)


# --- where they really go ---


def test_a_name_is_resolved_once_and_its_checked_address_is_used(site: Site) -> None:
    """A name that changes its mind between the check and the connection changes nothing."""
    answers = iter([["127.0.0.1"]])  # a second question would raise
    with Outgoing(allow_internal=True, resolve=lambda host, port: next(answers)) as http:
        url = f"http://dify.example:{site.port}/"
        assert http.send("GET", url, headers={}).body == b"hello"
        assert http.send("GET", url, headers={}).body == b"hello"
    assert [headers["Host"] for headers in site.asked] == [f"dify.example:{site.port}"] * 2


def test_another_address_of_the_name_is_tried_when_one_refuses(site: Site) -> None:
    http = Outgoing(allow_internal=True, resolve=resolving_to("::1", "127.0.0.1"))
    assert get(f"http://dify.example:{site.port}/", http) == b"hello"


def test_redirects_are_not_followed(site: Site) -> None:
    inner = Site()

    def redirect(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", f"http://127.0.0.1:{inner.port}/")
        request.end_headers()

    site.answer = redirect
    with Outgoing(allow_internal=True) as http:
        assert http.send("GET", f"http://127.0.0.1:{site.port}/", headers={}).status == 302
    assert inner.asked == []
    inner.close()


def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(f"http://127.0.0.1:{site.port}/") == b"hello"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's TLS for dify.example, which we trust for as long as the test runs."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=dify.example"),
            *("-addext", "subjectAltName=DNS:dify.example"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    outgoing._tls.cache_clear()
    yield context
    outgoing._tls.cache_clear()


def test_the_certificate_must_be_the_names_not_the_addresss(trusted: ssl.SSLContext) -> None:
    names: list[str] = []
    trusted.sni_callback = lambda sock, name, context: names.append(name)
    site = Site(trusted)
    good = Outgoing(allow_internal=True, resolve=resolving_to("127.0.0.1"))
    assert get(f"https://dify.example:{site.port}/", good) == b"hello"
    bad = Outgoing(allow_internal=True, resolve=resolving_to("127.0.0.1"))
    with pytest.raises(NotReached, match="TLS failed"):
        get(f"https://other.example:{site.port}/", bad)
    assert names == ["dify.example", "other.example"]
    site.close()


# --- how they fail ---


def test_an_unknown_host_is_not_reached() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise UnknownHost

    with pytest.raises(NotReached, match="resolved"):
        get("http://dify.example/", Outgoing(allow_internal=True, resolve=unknown))


def test_a_closed_port_is_not_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotReached, match="refused"):
            get(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def test_a_silent_receiver_is_left(site: Site) -> None:
    site.answer = lambda request: site.released.wait(60)
    with pytest.raises(NotAnswered, match="said nothing"):
        get(f"http://127.0.0.1:{site.port}/", Outgoing(allow_internal=True, silence=0.2))


def test_a_receiver_that_drips_its_headers_is_left(site: Site) -> None:
    """Each byte would set back the time-out of a single read."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not site.released.wait(0.02):
            try:
                request.wfile.write(b"x")
            except OSError:
                return

    site.answer = drip
    with pytest.raises(NotAnswered):
        get(f"http://127.0.0.1:{site.port}/", Outgoing(allow_internal=True, head=0.3))


@pytest.mark.parametrize("tls", [False, True])
def test_a_read_that_waits_can_be_ended_by_another_thread(
    trusted: ssl.SSLContext, tls: bool
) -> None:
    site = Site(trusted if tls else None)

    def hello_and_silence(request: BaseHTTPRequestHandler) -> None:
        say_hello(request)
        site.released.wait(60)

    site.answer = hello_and_silence
    url = f"{'https' if tls else 'http'}://dify.example:{site.port}/"
    client = Outgoing(allow_internal=True, resolve=resolving_to("127.0.0.1"))
    read: list[bytes] = []
    first = threading.Event()

    with client as http, http.open("GET", url, headers={}) as reply:

        def read_on() -> None:
            with suppress(NotAnswered):
                for chunk in reply.chunks():
                    read.append(chunk)
                    first.set()

        reader = threading.Thread(target=read_on)
        reader.start()
        assert first.wait(10)
        reply.abort()
        reader.join(10)
        assert not reader.is_alive()
    assert read == [b"hello"]
    site.close()


def test_an_answer_that_breaks_off_is_no_answer(site: Site) -> None:
    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"hello")

    site.answer = half
    with pytest.raises(NotAnswered):
        get(f"http://127.0.0.1:{site.port}/")


def test_what_is_not_http_is_no_answer(site: Site) -> None:
    site.answer = lambda request: request.wfile.write(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(NotAnswered):
        get(f"http://127.0.0.1:{site.port}/")


def test_an_answer_has_a_largest_size(site: Site) -> None:
    def flood(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(2 * MAX_ANSWER_BYTES // 65536):
            request.wfile.write(b"x" * 65536)

    site.answer = flood
    with pytest.raises(Nonsense, match="bytes"):
        get(f"http://127.0.0.1:{site.port}/")
