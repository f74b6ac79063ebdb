"""The part of Dify's Service API that a resume needs: thin, typed, with its own key kept out of
every message."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from service.domain.app import App
from service.domain.values import Json
from service.resume.feed import Feed
from service.resume.outgoing import Nonsense, OpenReply, Outgoing, Reply
from service.resume.reasons import quoted

SAFE_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,255}")
"""Ids go into paths: nothing that a path could mean otherwise."""


class DifyRefused(Exception):
    """Dify answered with an error. `message` is Dify's, made safe to show."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class StrangeId(Exception):
    """An id that cannot be one of Dify's."""


@dataclass(frozen=True, kw_only=True)
class RunState:
    """How a run stands. `outputs` are its End's, once it has ended."""

    status: str
    outputs: Mapping[str, Json]

    @property
    def over(self) -> bool:
        return self.status in ("succeeded", "partial-succeeded", "failed", "stopped")


@dataclass(frozen=True, kw_only=True)
class FormInput:
    """A declared input; `default` is its text where the form has one."""

    name: str
    type: str
    default: str | None


@dataclass(frozen=True, kw_only=True)
class FormDefinition:
    content: str
    inputs: tuple[FormInput, ...]
    actions: tuple[str, ...]


class DifyApi:
    """One app's Service API, at `app.url` with or without the closing `/v1`.

    Every call raises DifyRefused for an error answer, Nonsense for one that is not Dify's, and what
    Outgoing raises.
    """

    def __init__(self, app: App, http: Outgoing) -> None:
        base = app.url.rstrip("/")
        self._base = base if base.endswith("/v1") else f"{base}/v1"
        self._key = app.api_key or ""
        self._http = http

    def run(self, run_id: str) -> RunState:
        """How a run stands."""
        answer = self._json("GET", f"/workflows/run/{_safe(run_id)}")
        status = answer.get("status")
        if not isinstance(status, str):
            raise Nonsense("a run without a status")
        return RunState(status=status, outputs=_mapping(answer.get("outputs")))

    @contextmanager
    def events(self, run_id: str, user: str) -> Iterator[Feed]:
        """A run's events: what has happened so far, then what happens, across pauses."""
        query = {
            "user": user,
            "include_state_snapshot": "true",
            "continue_on_pause": "true",
        }
        with self._stream("GET", f"/workflow/{_safe(run_id)}/events", query=query) as feed:
            yield feed

    def form(self, token: str) -> FormDefinition:
        """A waiting form. DifyRefused with 412 once it is answered or expired."""
        answer = self._json("GET", f"/form/human_input/{_safe(token)}")
        defaults = _mapping(answer.get("resolved_default_values"))
        return FormDefinition(
            content=_text(answer.get("form_content")),
            inputs=tuple(_form_input(i, defaults) for i in _mappings(answer.get("inputs"))),
            actions=tuple(_text(a.get("id")) for a in _mappings(answer.get("user_actions"))),
        )

    def submit(self, token: str, *, inputs: Mapping[str, Json], action: str, user: str) -> None:
        """Answer a form, for good. Its 200 says that the answer is stored, and nothing else."""
        body = {"inputs": dict(inputs), "action": action, "user": user}
        self._json("POST", f"/form/human_input/{_safe(token)}", body)

    @contextmanager
    def start(self, inputs: Mapping[str, Json], user: str) -> Iterator[Feed]:
        """Start a run of the app; its events."""
        body = {"inputs": dict(inputs), "response_mode": "streaming", "user": user}
        with self._stream("POST", "/workflows/run", body=body) as feed:
            yield feed

    # --- inside ---

    def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        reply = self._http.send(
            method, self._base + path, headers=self._headers(), body=_encoded(body)
        )
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        return _object(reply.body)

    @contextmanager
    def _stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Iterator[Feed]:
        with self._http.open(
            method, self._base + path, headers=self._headers(), body=_encoded(body), query=query
        ) as reply:
            if not 200 <= reply.status < 300:
                whole = reply.whole()
                raise self._refusal(Reply(status=reply.status, headers=reply.headers, body=whole))
            if not reply.headers.get("content-type", "").startswith("text/event-stream"):
                raise Nonsense(_described(reply))
            with Feed(reply) as feed:
                yield feed

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}

    def _refusal(self, reply: Reply) -> DifyRefused:
        try:
            problem = _object(reply.body)
        except Nonsense:
            problem = {}
        message = quoted(_text(problem.get("message")))
        if self._key:
            message = message.replace(self._key, "***")  # a server may echo what it was sent
        return DifyRefused(reply.status, _text(problem.get("code")), message, reply.headers)


def _encoded(body: Mapping[str, Any] | None) -> bytes | None:
    return None if body is None else json.dumps(body, ensure_ascii=False).encode()


def _safe(part: str) -> str:
    if not SAFE_ID.fullmatch(part):
        raise StrangeId(quoted(part))
    return part


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        raise Nonsense("an answer that is not JSON") from None
    if not isinstance(answer, dict):
        raise Nonsense("JSON that is not an object")
    return answer


def _described(reply: OpenReply) -> str:
    kind = quoted(reply.headers.get("content-type", "nothing"))
    return f"{kind} in the place of an event stream"


def _form_input(declared: Mapping[str, Any], defaults: Mapping[str, Json]) -> FormInput:
    name = _text(declared.get("output_variable_name"))
    default = defaults.get(name)
    constant = _mapping(declared.get("default"))
    if default is None and constant.get("type") == "constant":
        default = constant.get("value")
    return FormInput(
        name=name,
        type=_text(declared.get("type")),
        default=default if isinstance(default, str) else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Json]:
    """An object; older versions give outputs as its JSON text."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
