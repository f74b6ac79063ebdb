"""The whole product as reviewers meet it: real HTTP, a clock that the test moves, a receiver."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from service.bootstrap.application import build_app
from service.domain.access import Principal, Role, Scope
from service.domain.ids import TaskId
from service.domain.review import OPEN
from service.ports.page import Page
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.telemetry import logs
from service.usecases.review.views import TaskView
from service.web.services import Services
from tests.plain_http import PLAIN
from tests.stores import migrated

KEY = "cg_key_of_the_pages_tests"
PASSWORD = "correct horse"
PEOPLE = {
    "ann": Role.REVIEWER,
    "ben": Role.REVIEWER,
    "eve": Role.EXPERT,
    "max": Role.MANAGER,
    "ida": Role.AUDITOR,
}
ALL = Principal(name="key:test", scopes=frozenset(Scope))

GATES = """\
apps:
  receiver:
    url: "{receiver}"
    secrets: [whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz]
    allow_internal: true
gates:
  comments:
    scorer: signals
    thresholds: {{low: 0.10, high: 0.90}}
    categories: {{health: {{aliases: [wellness], thresholds: {{low: null, high: 0.95}}}}}}
  hooks:
    scorer: signals
    thresholds: {{low: null, high: 0.90}}
    resume: {{mode: webhook, app: receiver}}
    apps: [receiver]
  earning:
    scorer: signals
    contract:
      target: per_side
      wrong_approvals: 0.05
      wrong_rejections: 0.06
      review: {{min: 0.05, max: 0.3}}
      reviews_a_day: 200
      costs: {{wrong_approval: 12, wrong_rejection: 4, review_minute: 0.5}}
    panel_share: 0.05
"""


class TestClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def forward(self, **by: float) -> None:
        self._now += timedelta(**by)


class Receiver:
    """Takes webhooks and answers them with `status`."""

    def __init__(self) -> None:
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Site:
    def __init__(
        self, url: str, app: FastAPI, clock: TestClock, receiver: Receiver, store: SqlStore
    ) -> None:
        self.url = url
        self.store = store
        self.clock = clock
        self.receiver = receiver
        self.services: Services = app.state.services

    def ask(self, text: str = "Is this fine?", *, gate: str = "comments", **more: Any) -> str:
        """Send an item to review and return its task's id."""
        body = {"item": {"text": text}, "signals": {"score": 0.5}, **more}
        answer = httpx.post(
            f"{self.url}/v1/gates/{gate}/decisions",
            json=body,
            headers={"Authorization": f"Bearer {KEY}"},
            verify=PLAIN,
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["review_task_id"])

    def clear(self) -> None:
        """Nothing waits, and nothing is in anybody's hands."""
        open_tasks = self.services.review.queries.browse(ALL, states=OPEN, page=Page(limit=500))
        for view in open_tasks:
            self.services.review.commands.cancel(view.task.id, ALL)

    def view(self, task_id: str) -> TaskView:
        return self.services.review.queries.read(TaskId(task_id), ALL)

    def state(self, task_id: str) -> str:
        return self.view(task_id).task.state.value

    def lease(self, task_id: str) -> str:
        lease = self.view(task_id).task.lease
        return lease.token if lease else ""


class Browser:
    """What a browser does without scripts: cookies, links, forms with their hidden fields."""

    def __init__(self, site: Site, **headers: str) -> None:
        self.site = site
        self.http = httpx.Client(
            base_url=site.url,
            follow_redirects=True,
            timeout=30,
            verify=PLAIN,
            headers={"Accept": "text/html,*/*;q=0.8", **headers},
        )
        self.csrf = ""

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(path, data={"csrf": self.csrf, **form})

    def sign_in(self, name: str, password: str = PASSWORD, onward: str = "") -> httpx.Response:
        self.csrf = csrf_in(self.get("/sign-in"))
        page = self.post("/sign-in", name=name, password=password, next=onward)
        self.csrf = csrf_in(page)
        return page

    def answer(self, task_id: str, answer: str, **form: str) -> httpx.Response:
        lease = self.site.lease(task_id)
        return self.post(
            f"/review/tasks/{task_id}/answer", **{"answer": answer, "lease": lease, **form}
        )


def signed_in(site: Site, name: str, **headers: str) -> Browser:
    browser = Browser(site, **headers)
    browser.sign_in(name)
    return browser


def csrf_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    return found[1] if found else ""


def task_at(page: httpx.Response) -> str | None:
    """The task whose page this is."""
    found = re.fullmatch(r"/review/tasks/(\w+)", page.url.path)
    return found[1] if found else None


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Site]:
    """The product, served until the block ends."""
    logs.configure("json", "warning")
    clock, receiver = TestClock(), Receiver()
    config = folder / "gates.yaml"
    config.write_text(GATES.format(receiver=receiver.url))
    chosen: dict[str, Any] = {
        "database_url": migrated(folder),
        "config": config,
        "bootstrap_key": KEY,
        "public_url": "http://gate.example",
        "_env_file": None,
        **settings,
    }
    app = build_app(Settings(**chosen), clock=clock)
    for name, role in PEOPLE.items():
        app.state.services.access.doorkeeper.create_person(name, PASSWORD, role, None, actor="test")
    server = uvicorn.Server(
        # Open event streams must not keep the server from stopping.
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)  # uvicorn has no event to wait on
    port = server.servers[0].sockets[0].getsockname()[1]
    store = SqlStore(chosen["database_url"])
    try:
        yield Site(f"http://127.0.0.1:{port}", app, clock, receiver, store)
    finally:
        store.close()
        server.should_exit = True
        thread.join(timeout=20)
        receiver.close()
