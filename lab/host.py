"""The stand-in's core: starts runs in threads, stores their pauses, takes answers, resumes."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphon.dsl import DslError
from graphon.engine import Engine
from graphon.runtime import RuntimeState, VariablePool

from lab import events
from lab.apps import App, ImportRefused
from lab.engine import build_engine
from lab.errors import ServiceApiError, not_found
from lab.events import Event
from lab.forms import Form, open_form
from lab.narrator import Narrator
from lab.plugin_tools import Plugin
from lab.runs import Origin, Run, RunStore, new_run
from lab.switches import SwitchBoard

type Listener = Callable[[Event], None]

CLOSING = {"workflow_finished", "workflow_paused"}
LOST = "the lab's process ended while this run was running"
STOPPED = "Workflow execution aborted: stopped by user"
LOOK_AT_LEAST_EVERY = 60.0
"""Seconds between looks at the forms' deadlines, however far away they are."""

logger = logging.getLogger(__name__)


class Host:
    """Everything that runs. One lock guards the runs; whoever publishes holds it, so that a
    follower gets a replay and then exactly what comes after it."""

    def __init__(self, apps: Iterable[App], store: RunStore, plugin: Plugin) -> None:
        self.apps = {app.name: app for app in apps}
        self.switches = SwitchBoard()
        self.plugin = plugin
        self._store = store
        self._lock = threading.RLock()
        self._deadlines = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._listeners: dict[str, list[Listener]] = {}
        self._closing = False
        for app in self.apps.values():
            self._check(app)
        self._runs = store.load()

    def open(self) -> None:
        """Take up what the last process left, and watch deadlines."""
        self._recover()
        threading.Thread(target=self._watch_deadlines, daemon=True).start()

    def close(self) -> None:
        """Stop watching deadlines and end the plugin; runs that are under way are lost."""
        with self._lock:
            self._closing = True
            self._deadlines.notify_all()
        self.plugin.close()
        self._store.close()

    def app_by_id(self, app_id: str) -> App:
        """The app with this id."""
        for app in self.apps.values():
            if app.id == app_id:
                return app
        raise not_found("App")

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        with self._lock:
            return sorted(self._runs.values(), key=lambda run: run.created_at)

    def run(self, run_id: str) -> Run:
        """A run by its id, whoever started it."""
        if run := self._runs.get(run_id):
            return run
        raise not_found("Workflow run")

    def start(
        self,
        app: App,
        inputs: Mapping[str, Any],
        *,
        user: str,
        origin: Origin,
        listener: Listener | None = None,
    ) -> Run:
        """Begin a run of checked inputs in a thread of its own; the listener misses no event."""
        run = new_run(app, inputs, user=user, origin=origin)
        engine, state = self._engine(run, app)
        with self._lock:
            self._store.keep_workflow(app.workflow_id, app.dsl)
            self._runs[run.id] = run
            self._store.save(run)
            if listener:
                self._listeners.setdefault(run.id, []).append(listener)
        self._thread(self._drive, run, app, engine, state, "initial")
        return run

    def wait(self, start: Callable[[Listener], Run]) -> tuple[Run, Event]:
        """Start a run and wait for the event that ends it or its way to a form."""
        heard: queue.Queue[Event] = queue.Queue()
        run = start(heard.put)
        while (event := heard.get())["event"] not in CLOSING:
            pass
        self.unfollow(run.id, heard.put)
        return run, event

    def settle(self, run: Run) -> None:
        """Wait until a pause or an end that has been told is stored as well."""
        with self._settled:
            self._settled.wait_for(lambda: run.status != "running")

    def follow(self, run: Run, listener: Listener, *, replay: bool) -> Sequence[Event]:
        """Hear of everything from now on; returns what has been, where a replay is wanted."""
        with self._lock:
            if run.finished:
                return [events.workflow_finished(run)]
            self._listeners.setdefault(run.id, []).append(listener)
            return events.snapshot(run, self._app_of(run)) if replay else []

    def unfollow(self, run_id: str, listener: Listener) -> None:
        """Hear no more."""
        with self._lock, contextlib.suppress(ValueError):
            self._listeners.get(run_id, []).remove(listener)

    def form(self, token: str, app: App | None = None) -> tuple[Run, Form]:
        """A form by its token, of one app where that is given; 404 for any other."""
        with self._lock:
            for run in self._runs.values():
                for form in run.forms:
                    if form.token == token and (app is None or run.app == app.name):
                        return run, form
        raise not_found("Form")

    def submit(
        self, token: str, action: str, answers: Mapping[str, Any], app: App | None = None
    ) -> Run:
        """Take a form's answer. Where the pause is not stored yet the answer is lost: the form is
        answered for good, and the run never goes on. Dify does that too."""
        with self._lock:
            run, form = self.form(token, app)
            form.submit(action, answers)
            self._queue_resume(run)
        return run

    def expire(self, token: str) -> Run:
        """Let a form's deadline pass now; 409 while the pause is not stored."""
        with self._lock:
            run, form = self.form(token)
            form.ensure_active()
            if run.status != "paused":
                raise ServiceApiError(409, "not_paused", "The run's pause is not stored yet")
            form.status = "timeout"
            form.expires_at = min(form.expires_at, time.time())
            self._queue_resume(run)
        return run

    def _check(self, app: App) -> None:
        try:
            self._engine(new_run(app, {}, user="", origin="command"), app)
        except (DslError, ValueError) as error:
            raise ImportRefused(f"{app.name}: {error}") from error

    def _engine(self, run: Run, app: App) -> tuple[Engine, RuntimeState]:
        def form_of_node(node_id: str, data: Mapping[str, Any], pool: VariablePool) -> Form:
            with self._lock:
                form = run.form_of(node_id)
                if form is None:
                    form = open_form(node_id, data, pool)
                    run.forms.append(form)
                    self._store.save(run)
                    self._deadlines.notify_all()
                return form

        return build_engine(run, app, plugin=self.plugin, open_form=form_of_node)

    def _app_of(self, run: Run) -> App:
        app = self.apps.get(run.app)
        if app is None or app.workflow_id != run.workflow_id:
            app = App.parse(run.app, self._store.workflow(run.workflow_id))
        return app

    def _recover(self) -> None:
        """Answered forms go on; what the last process was at without a stored pause is lost."""
        for run in self._runs.values():
            if run.status == "running" and run.snapshot is None:
                self._end(run, "failed", LOST)
            elif run.status == "running" or run.resume_due:
                run.status = "paused"
                self._queue_resume(run)

    def _queue_resume(self, run: Run) -> None:
        run.resume_due = run.status == "paused"
        self._store.save(run)
        if run.resume_due:
            self._thread(self._resume, run)
        else:
            logger.warning("run %s: answered before its pause was stored: lost", run.id)

    def _resume(self, run: Run) -> None:
        self.switches.wait_off("hold_resume", run.id)
        with self._lock:
            if not run.resume_due or run.status != "paused":
                return
            app = self._app_of(run)
            engine, state = self._engine(run, app)
            run.status = "running"
            run.resume_due = False
            run.paused_on = []
            self._store.save(run)
            if self.switches.of(run.id).stop_after_submit:
                self._publish(run, events.workflow_started(run, app, "resumption"))
                self._end(run, "stopped", STOPPED)
                return
        self._drive(run, app, engine, state, "resumption")

    def _drive(self, run: Run, app: App, engine: Engine, state: RuntimeState, reason: str) -> None:
        narrator = Narrator(run, lambda: self.switches.of(run.id).omit_form_filled)
        with self._lock:
            self._publish(run, events.workflow_started(run, app, reason))
        try:
            for event in engine.run():
                with self._lock:
                    for told in narrator.tell(event):
                        self._publish(run, told)
        except Exception as error:
            narrator.broke(error)
        if narrator.paused:
            self._store_pause(run, state)
        else:
            self._end(run, narrator.status, narrator.error, narrator.outputs)

    def _store_pause(self, run: Run, state: RuntimeState) -> None:
        """The callers know of the pause already; only from here on can it be answered."""
        self.switches.wait_off("hold_pause", run.id)
        with self._lock:
            run.snapshot = state.dumps()
            run.status = "paused"
            self._store.save(run)
            self._deadlines.notify_all()
            self._settled.notify_all()

    def _end(
        self, run: Run, status: Any, error: str | None, outputs: dict[str, Any] | None = None
    ) -> None:
        with self._lock:
            run.status, run.error, run.outputs = status, error, outputs
            run.finished_at = time.time()
            run.snapshot = None
            run.resume_due = False
            self._store.save(run)
            self._settled.notify_all()
            self._publish(run, events.workflow_finished(run))
            self._listeners.pop(run.id, None)

    def _publish(self, run: Run, event: Event) -> None:
        for listener in list(self._listeners.get(run.id, [])):
            listener(event)

    def _watch_deadlines(self) -> None:
        with self._lock:
            while not self._closing:
                now = time.time()
                waits = [LOOK_AT_LEAST_EVERY]
                for run, form in self._open_forms():
                    if form.expires_at > now:
                        waits.append(form.expires_at - now)
                    else:
                        form.status = "timeout"
                        self._queue_resume(run)
                self._deadlines.wait(min(waits))

    def _open_forms(self) -> list[tuple[Run, Form]]:
        paused = [run for run in self._runs.values() if run.status == "paused"]
        return [(run, form) for run in paused for form in run.forms if form.status == "waiting"]

    def _thread(self, work: Callable[..., None], *arguments: Any) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()
