"""webhook: signed posts that a stock Standard Webhooks receiver accepts, and what answers mean."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.domain.app import App
from service.domain.decision import ResumeMode
from service.domain.delivery import Delivery
from service.ports.clock import SystemClock
from service.ports.resumer import DeliveryDead, DeliveryFailed
from service.resume.webhook import WebhookResumer
from tests.resume.conftest import APP, Log

NEW = "whsec_" + base64.b64encode(b"new secret of at least 24 bytes").decode()
OLD = "whsec_" + base64.b64encode(b"old secret of at least 24 bytes").decode()


@dataclass
class Receiver:
    """A receiver that keeps what it gets and answers as told."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append((dict(self.headers), body))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/gate?team=7"
    Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(receiver: Receiver) -> App:
    return App(name=APP, url=receiver.url, secrets=(NEW, OLD), allow_internal=True)


@pytest.fixture
def delivery(make_delivery: Callable[..., Delivery]) -> Delivery:
    return make_delivery(
        ResumeMode.WEBHOOK, {"comment": "in Ordnung: 好的"}, run_id=None, user=None
    )


def send(delivery: Delivery, app: App, log: Log | None = None) -> str:
    resumer = WebhookResumer({app.name: app}, SystemClock())
    proof = resumer.resume(delivery, log or Log())
    return f"{proof.kind} {proof.detail}"


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_a_stock_receiver_accepts_a_delivery_with_either_secret(
    receiver: Receiver, app: App, delivery: Delivery, secret: str
) -> None:
    log = Log()
    assert send(delivery, app, log) == "accepted HTTP 204"
    assert log.submissions == 1
    [(headers, body)] = receiver.received
    message = Webhook(secret).verify(body, headers)
    assert message["review_task_id"] == delivery.task_id
    assert body == delivery.body


@pytest.mark.parametrize(
    "forge",
    [
        lambda headers, body: (headers, body.replace(b"approve", b"reject", 1)),
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: ({**headers, "webhook-id": "dlv_other"}, body),
        lambda headers, body: ({**headers, "webhook-timestamp": "1700000000"}, body),
        lambda headers, body: ({**headers, "webhook-signature": "v1,AAAA"}, body),
    ],
)
def test_a_stock_receiver_refuses_what_was_altered(
    receiver: Receiver,
    app: App,
    delivery: Delivery,
    forge: Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]],
) -> None:
    send(delivery, app)
    [(headers, body)] = receiver.received
    headers, body = forge({name.lower(): value for name, value in headers.items()}, body)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body, headers)


def test_every_try_sends_the_same_bytes_under_the_same_id(
    receiver: Receiver, app: App, delivery: Delivery
) -> None:
    send(delivery, app)
    send(delivery, app)
    first, second = receiver.received
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"] == delivery.id


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_any_other_answer_is_tried_again(
    receiver: Receiver, app: App, delivery: Delivery, status: int
) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "11"}
    log = Log()
    with pytest.raises(DeliveryFailed) as failure:
        send(delivery, app, log)
    assert failure.value.reason == f"not_accepted: The app moderation answered HTTP {status}."
    assert failure.value.retry_after == 11
    assert log.submissions == 0


def test_410_is_dead(receiver: Receiver, app: App, delivery: Delivery) -> None:
    receiver.status = 410
    with pytest.raises(DeliveryDead, match=r"^gone: "):
        send(delivery, app)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secrets": ()}, "no_secret"),
        ({"secrets": ("whsec_not-base64!",)}, "bad_secret"),
        ({"secrets": ("",)}, "bad_secret"),
        ({"allow_internal": False}, "internal_address"),
        ({"url": "gopher://x/"}, "bad_url"),
    ],
)
def test_an_app_that_cannot_be_sent_to_is_dead(
    receiver: Receiver, app: App, delivery: Delivery, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(DeliveryDead) as death:
        send(delivery, replace(app, **change))
    assert death.value.reason.startswith(f"{code}: ")
    assert "not-base64!" not in death.value.reason
    assert receiver.received == []
