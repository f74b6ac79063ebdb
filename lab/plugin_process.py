"""The plugin as a child process, driven through the SDK's own protocol. Plays Dify's daemon.

Newline-delimited JSON both ways: requests in, events out, every event bound to a session. The
plugin's own calls back into Dify (storage, starting an app) arrive as `invoke` events and are
answered by the `dify` callable.
"""

import contextlib
import json
import os
import queue
import subprocess
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CALL_TIMEOUT_SECONDS = 600.0
"""What Dify grants one plugin call in all."""
STDERR_LINES = 200

Dify = Callable[[str, dict[str, Any]], Iterable[dict[str, Any]]]
"""Answers one call of the plugin into Dify: its type (`app`, `storage`) and its request."""


class PluginError(RuntimeError):
    """The plugin answered with an error, or is gone. `error_type` is the exception's name there."""

    def __init__(self, message: str, error_type: str = "PluginError") -> None:
        super().__init__(message)
        self.error_type = error_type


class PluginProcess:
    """A running plugin. Safe to call from several threads at once."""

    def __init__(
        self,
        root: Path | str,
        python: Path | str,
        *,
        entrypoint: str = "main",
        dify: Dify | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.manifest: dict[str, Any] | None = None
        self.logs: list[dict[str, Any]] = []
        self._dify = dify or _no_dify
        self._ready = threading.Event()
        self._sessions: dict[str, queue.Queue[dict[str, Any]]] = {}
        self._gone = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._process = subprocess.Popen(
            [str(python), "-m", entrypoint],
            cwd=root,
            env={**os.environ, "INSTALL_METHOD": "local", **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait for the first heartbeat, `timeout` seconds at most."""
        if not self._ready.wait(timeout):
            raise PluginError(f"the plugin gave no heartbeat within {timeout:g} s{self._trace()}")
        if self._gone:
            raise PluginError(f"the plugin ended at its start{self._trace()}", "Exit")

    def tool(
        self,
        provider: str,
        tool: str,
        params: Mapping[str, Any],
        credentials: Mapping[str, Any] | None = None,
        **session: Any,
    ) -> list[dict[str, Any]]:
        """Run a tool and return its messages. `session` may hold `app_id`, `user_id` and so on."""
        return list(
            self.call(
                "tool",
                "invoke_tool",
                session=session,
                provider=provider,
                tool=tool,
                credentials=dict(credentials or {}),
                credential_type="api-key",
                tool_parameters=dict(params),
            )
        )

    def validate(self, provider: str, credentials: Mapping[str, Any]) -> None:
        """Check credentials as Dify does on saving them; raises PluginError where they fail."""
        checked = self.call(
            "tool", "validate_tool_credentials", provider=provider, credentials=dict(credentials)
        )
        if not any(answer.get("result") for answer in checked):
            raise PluginError("the credential check gave no result")

    def options(
        self, provider: str, tool: str, parameter: str, credentials: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The choices of a dynamic-select parameter, as the editor would list them."""
        answers = self.call(
            "dynamic_parameter",
            "fetch_parameter_options",
            provider=provider,
            provider_action=tool,
            parameter=parameter,
            credentials=dict(credentials),
            credential_type="api-key",
        )
        return [option for answer in answers for option in answer["options"]]

    def endpoint(
        self,
        raw_http: bytes,
        settings: Mapping[str, Any] | None = None,
        endpoint_id: str = "endpoint",
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a whole HTTP/1.1 request to the plugin's endpoints: status, headers, body."""
        chunks = list(
            self.call(
                "endpoint",
                "invoke_endpoint",
                session={"endpoint_id": endpoint_id},
                settings=dict(settings or {}),
                raw_http_request=raw_http.hex(),
            )
        )
        head = next(chunk for chunk in chunks if "status" in chunk)
        body = b"".join(bytes.fromhex(chunk.get("result") or "") for chunk in chunks)
        return head["status"], head["headers"], body

    def call(
        self,
        type: str,  # noqa: A002 - the protocol's own word
        action: str,
        *,
        session: Mapping[str, Any] | None = None,
        timeout: float = CALL_TIMEOUT_SECONDS,
        **data: Any,
    ) -> Iterator[dict[str, Any]]:
        """Ask the plugin for anything; yields its answers as they come.

        `timeout` is the longest silence in seconds. Raises PluginError on the plugin's own error.
        """
        session_id = str(uuid.uuid4())
        context = {"context": {}, **(session or {})}
        user_id = context.pop("user_id", "user")
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        with self._lock:
            if self._gone:
                raise PluginError(f"the plugin is not running{self._trace()}", "Exit")
            self._sessions[session_id] = answers
        try:
            request = {"type": type, "action": action, "user_id": user_id, **data}
            self._send({**context, "session_id": session_id, "event": "request", "data": request})
            while True:
                answer = _next(answers, timeout)
                if answer["type"] == "end":
                    return
                if answer["type"] == "error":
                    raise PluginError(answer["data"]["message"], answer["data"]["error_type"])
                yield answer["data"]
        finally:
            with self._lock:
                self._sessions.pop(session_id, None)

    def close(self) -> None:
        """Kill the process: a plugin whose input closes spins instead of ending."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with self._writing:
                stdin.write(line)
                stdin.flush()
        except (OSError, ValueError):
            raise PluginError(f"the plugin is not running{self._trace()}", "Exit") from None

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a blank line, or something printed that is no event
            match message.get("event"):
                case None:
                    self.manifest = message
                case "heartbeat":
                    self._ready.set()
                case "log":
                    self.logs.append(message["data"])
                case "session":
                    self._on_session(message["session_id"], message["data"])
        self._on_exit()

    def _on_session(self, session_id: str, data: dict[str, Any]) -> None:
        if data["type"] == "invoke":
            threading.Thread(
                target=self._answer_invoke, args=(session_id, data["data"]), daemon=True
            ).start()
            return
        with self._lock:
            answers = self._sessions.get(session_id)
        if answers is not None:
            answers.put(data)

    def _on_exit(self) -> None:
        gone = {"message": "the plugin ended during the call", "error_type": "Exit"}
        with self._lock:
            self._gone = True
            waiting = list(self._sessions.values())
        for answers in waiting:
            answers.put({"type": "error", "data": gone})
        self._ready.set()

    def _answer_invoke(self, session_id: str, invocation: dict[str, Any]) -> None:
        def send(event: str, message: str = "", data: dict[str, Any] | None = None) -> None:
            answer = {
                "backwards_request_id": invocation["backwards_request_id"],
                "event": event,
                "message": message,
                "data": data,
            }
            self._send({"session_id": session_id, "event": "backwards_response", "data": answer})

        with contextlib.suppress(PluginError):  # gone meanwhile: nobody waits for the answer
            try:
                for chunk in self._dify(invocation["type"], invocation["request"]):
                    send("response", data=chunk)
            except PluginError:
                raise
            except Exception as error:
                send("error", message=str(error))
            send("end")

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._stderr.append(line.decode(errors="replace"))

    def _trace(self) -> str:
        return "".join(["\n", *self._stderr]) if self._stderr else ""


def _next(answers: queue.Queue[dict[str, Any]], timeout: float) -> dict[str, Any]:
    try:
        return answers.get(timeout=timeout)
    except queue.Empty:
        raise PluginError(f"the plugin was silent for {timeout:g} s", "Timeout") from None


def _no_dify(type: str, request: dict[str, Any]) -> Iterable[dict[str, Any]]:  # noqa: A002, ARG001
    raise RuntimeError(f"no Dify stands behind this plugin: {type} is not available")
