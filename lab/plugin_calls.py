"""The plugin's own calls into Dify: starting an app, and its key-value storage."""

from collections.abc import Iterator
from typing import Any

from lab import events
from lab.apps import App
from lab.host import Host, Listener
from lab.runs import Run, RunStore


class PluginCalls:
    """Answers a call by its type and request, as the daemon would pass it on."""

    def __init__(self, host: Host, store: RunStore) -> None:
        self._host = host
        self._store = store

    def __call__(self, kind: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The answers to one call; an exception becomes the call's error in the plugin."""
        match kind:
            case "app":
                yield self._run_app(request)
            case "storage":
                yield {"data": self._stored(request["opt"], request["key"], request.get("value"))}
            case _:
                raise LookupError(f"the lab does not answer the plugin's call {kind!r}")

    def _run_app(self, request: dict[str, Any]) -> dict[str, Any]:
        app = self._host.app_by_id(request["app_id"])
        run, closing = self._host.wait(lambda listener: self._start(app, request, listener))
        return events.blocking_answer(run, closing)

    def _start(self, app: App, request: dict[str, Any], listener: Listener) -> Run:
        user = request.get("user") or "plugin"
        inputs = app.accept(request["inputs"])
        return self._host.start(app, inputs, user=user, origin="plugin", listener=listener)

    def _stored(self, operation: str, key: str, value: str | None) -> Any:
        match operation:
            case "set" | "del":
                self._store.put_value(key, value if operation == "set" else None)
                return "ok"
            case "exist":
                return self._store.value(key) is not None
            case "get" if (found := self._store.value(key)) is not None:
                return found
            case _:
                raise LookupError(f"no such key in the plugin's storage: {key}")
