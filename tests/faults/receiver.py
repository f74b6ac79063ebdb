"""A receiver of signed webhooks, which checks them with the stock library."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

SECRET = "whsec_" + "YSBzZWNyZXQgb2YgdGhlIGZhdWx0IHRlc3Rz"


class Receiver:
    """Keeps what it gets. `on_message` is called before each answer, with the message's id."""

    def __init__(self) -> None:
        self.on_message: Callable[[str], None] = lambda _: None
        self._messages: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def ids_about(self, decision_id: str) -> list[str]:
        """The ids of the messages about a decision, once for each time they came."""
        with self._lock:
            return [i for i, message in self._messages if message["decision_id"] == decision_id]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        Webhook(SECRET).verify(body, dict(handler.headers.items()))
        message_id = handler.headers["webhook-id"]
        with self._lock:
            self._messages.append((message_id, json.loads(body)))
        self.on_message(message_id)
        handler.send_response(204)
        handler.end_headers()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                take(self)

            def log_message(self, *_: object) -> None:
                """Silent: the tests say what they saw."""

        return Handler
