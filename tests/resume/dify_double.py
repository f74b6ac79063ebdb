"""A scripted Dify for one run: the Service API's behaviours, one trap at a time.

It answers over real HTTP. The lab runs whole workflows; this one does what no workflow can be
brought to do on demand: lose a submission, break a stream, answer nonsense.
"""

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

RUN, USER, KEY = "run-1", "anna", "app-secret-key"
type Event = dict[str, Any]
type Answer = tuple[int, dict[str, str], bytes]

CONTENT = {"comment": "paragraph", "edited_result": "paragraph", "reviewer": "paragraph"}


def event(name: str, /, **data: Any) -> Event:
    return {"event": name, "task_id": "t", "workflow_run_id": RUN, "data": data}


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    body = {"status": status, "code": code, "message": message}
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


def page(status: int = 200) -> Answer:
    return status, {"Content-Type": "text/html"}, b"<html>We will be back soon</html>"


@dataclass(kw_only=True)
class DoubleForm:
    """A form of the run. `waiting` until it is submitted, or `lost`: accepted and forgotten."""

    node_id: str = "review"
    token: str | None = "tok-review"
    content: str = ""
    template: str | None = None
    """What a replay shows instead of the content: some versions do not fill in the values."""
    inputs: dict[str, str] = field(default_factory=lambda: dict(CONTENT))
    defaults: dict[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] = ("approve", "reject")
    state: str = "waiting"

    def shown(self) -> dict[str, Any]:
        return {
            "form_id": f"form-{self.node_id}",
            "node_id": self.node_id,
            "node_title": self.node_id,
            "form_content": self.content if self.template is None else self.template,
            "form_token": self.token,
        }

    def definition(self) -> dict[str, Any]:
        return {
            "form_content": self.content,
            "inputs": [
                {"type": kind, "output_variable_name": name, "default": None}
                for name, kind in self.inputs.items()
            ],
            "resolved_default_values": self.defaults,
            "user_actions": [{"id": action, "title": action} for action in self.actions],
            "expiration_time": 1_900_000_000,
        }


class DifyDouble:
    """One app with one run, paused at `forms`. Tests script it by its fields."""

    def __init__(self) -> None:
        self.status = "paused"
        self.outputs: dict[str, Any] = {}
        self.forms: list[DoubleForm] = []
        self.history: list[Event] = []
        """What a replay tells before the pause."""
        self.close_after_replay = False
        self.lock = threading.RLock()
        self.requests: list[tuple[str, str, Any]] = []
        self.submissions: list[dict[str, Any]] = []
        self.canned: dict[str, list[Answer]] = {}
        """Answers by "METHOD kind" that come first: kinds are run, events, form, submit, start."""
        self.cut: set[str] = set()
        """Kinds of requests that are carried out, and then the connection breaks off."""
        self.on_status: Callable[[], None] = lambda: None
        self.on_events_open: Callable[[], None] = lambda: None
        self.on_submit: Callable[[DoubleForm, str], None] = self.resume
        self.started: Callable[[dict[str, Any]], None] = lambda inputs: None
        self._listeners: list[queue.Queue[bytes | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.01), daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()

    # --- what happens to the run ---

    def emit(self, *events: Event) -> None:
        """Tell everybody who has the events open."""
        for e in events:
            self.emit_raw(f"data: {json.dumps(e)}\n\n".encode())

    def emit_raw(self, data: bytes) -> None:
        with self.lock:
            for listener in self._listeners:
                listener.put(data)

    def hang_up(self) -> None:
        """End every open stream."""
        with self.lock:
            for listener in self._listeners:
                listener.put(None)
            self._listeners.clear()

    def resume(self, form: DoubleForm, action: str) -> None:
        """A good day: the form is filled, its node ends, the run ends with the shipped End."""
        self.emit(event("workflow_started", reason="resumption"), filled(form, action))
        self.emit(node_done(form))
        self.finish(review_task_id=form.content, gate_action=action)

    def finish(self, status: str = "succeeded", /, **outputs: Any) -> None:
        with self.lock:
            self.status, self.outputs = status, outputs
            self.emit(event("workflow_finished", status=status, outputs=outputs))
            self.hang_up()

    def pause_at(self, *forms: DoubleForm) -> None:
        with self.lock:
            self.status, self.forms = "paused", list(forms)
            self.emit(*self._pause())

    # --- what is asked of it ---

    def replay(self) -> list[Event]:
        if self.status not in ("running", "paused"):
            return [event("workflow_finished", status=self.status, outputs=self.outputs)]
        pause = self._pause() if self.status == "paused" else []
        return [event("workflow_started", reason="initial"), *self.history, *pause]

    def _pause(self) -> list[Event]:
        waiting = [form.shown() for form in self.forms]
        reasons = [{"TYPE": "human_input_required", **shown} for shown in waiting]
        required = [event("human_input_required", **shown) for shown in waiting]
        return [*required, event("workflow_paused", reasons=reasons)] if waiting else []

    def listen(self) -> queue.Queue[bytes | None]:
        with self.lock:
            heard: queue.Queue[bytes | None] = queue.Queue()
            heard.put(b"event: ping\n\n")
            for e in self.replay():
                heard.put(f"data: {json.dumps(e)}\n\n".encode())
            if self.close_after_replay or self.status not in ("running", "paused"):
                heard.put(None)
            else:
                self._listeners.append(heard)
            return heard

    def answer(self, kind: str, part: str, query: dict[str, str], body: Any) -> Answer:
        """The JSON routes."""
        with self.lock:
            match kind:
                case "GET run":
                    self.on_status()
                    detail = {"id": part, "status": self.status, "outputs": self.outputs}
                    return ok(detail) if part == RUN else refusal(404, "not_found", "No such run")
                case "GET form":
                    form = self._form(part)
                    return self._closed(form) or ok(form.definition())
                case "POST submit":
                    return self._submit(self._form(part), body)
        return refusal(404, "not_found", "No such route")

    def _submit(self, form: DoubleForm, body: dict[str, Any]) -> Answer:
        closed = self._closed(form)
        if closed is not None:
            return closed
        if missing := [name for name in form.inputs if name not in body["inputs"]]:
            return refusal(400, "invalid_form_data", f"Missing required inputs: {missing}")
        if body["action"] not in form.actions:
            return refusal(400, "invalid_form_data", f"Invalid action: {body['action']}")
        self.submissions.append(body)
        form.state = "submitted"
        self.on_submit(form, body["action"])
        return ok({})

    def _form(self, token: str) -> DoubleForm:
        return next(form for form in self.forms if form.token == token)

    def _closed(self, form: DoubleForm) -> Answer | None:
        match form.state:
            case "submitted":
                return refusal(412, "human_input_form_submitted", "already been submitted")
            case "expired":
                return refusal(412, "human_input_form_expired", "This form has expired")
        return None


def filled(form: DoubleForm, action: str) -> Event:
    return event(
        "human_input_form_filled",
        node_id=form.node_id,
        rendered_content=form.content,
        action_id=action,
    )


def node_done(form: DoubleForm, status: str = "succeeded", run: str = "exec-1") -> Event:
    return event(
        "node_finished",
        id=run,
        node_id=form.node_id,
        node_type="human-input",
        status=status,
        outputs=None,
    )


def ok(body: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def _handler(double: DifyDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _serve(self, body: Any) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            kind, part = self._route(url.path)
            with double.lock:
                double.requests.append((kind, part, body))
                canned = double.canned.get(kind)
                answer = canned.pop(0) if canned else None
            if answer is None and self.headers["Authorization"] != f"Bearer {KEY}":
                answer = refusal(401, "unauthorized", "Access token is invalid")
            if answer is None and kind == "GET events" and (part, query.get("user")) != (RUN, USER):
                answer = refusal(404, "not_found", "Workflow run not found")
            if answer is None and kind in ("GET events", "POST start"):
                self._stream(kind, body)
                return
            answer = answer or double.answer(kind, part, query, body)
            if kind not in double.cut:
                self._send(*answer)

        def _route(self, path: str) -> tuple[str, str]:
            match path.split("/"):
                case ["", "v1", "workflows", "run"]:
                    return "POST start", ""
                case ["", "v1", "workflows", "run", run]:
                    return "GET run", run
                case ["", "v1", "workflow", run, "events"]:
                    return "GET events", run
                case ["", "v1", "form", "human_input", token]:
                    return ("GET form" if self.command == "GET" else "POST submit"), token
            return f"{self.command} {path}", ""

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, kind: str, body: Any) -> None:
            heard = double.listen()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if kind == "POST start":
                double.started(body["inputs"])
            else:
                double.on_events_open()
            try:
                while (data := heard.get(timeout=30)) is not None:
                    self.wfile.write(data)
            except OSError:
                pass  # the reader has gone

        def log_message(self, *_: object) -> None:
            pass

    return Handler
