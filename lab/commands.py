"""Runs at the command line: start one, or answer the form of one that paused."""

import json
import sys
from collections.abc import Callable
from typing import Any

from lab import events
from lab.apps import App
from lab.events import Event
from lab.host import Host, Listener
from lab.runs import Run

EXIT_CODES = {"succeeded": 0, "partial-succeeded": 0, "failed": 1, "stopped": 1, "paused": 3}


def run_app(host: Host, app: App, inputs: dict[str, str], user: str, *, as_json: bool) -> int:
    """Run a workflow to its end or its pause; the exit code says which."""

    def start(listener: Listener) -> Run:
        accepted = app.accept(inputs)
        return host.start(app, accepted, user=user, origin="command", listener=listener)

    return _tell(host, start, as_json=as_json)


def answer_form(
    host: Host, token: str, action: str, answers: dict[str, str], *, as_json: bool
) -> int:
    """Answer a paused run's form and follow the run from there."""

    def start(listener: Listener) -> Run:
        run, form = host.form(token)
        form.ensure_active()
        host.follow(run, listener, replay=False)
        return host.submit(token, action, answers)

    return _tell(host, start, as_json=as_json)


def _tell(host: Host, start: Callable[[Listener], Run], *, as_json: bool) -> int:
    def begin(listener: Listener) -> Run:
        def hear(event: Event) -> None:
            if not as_json:
                _print_event(event)
            listener(event)

        return start(hear)

    run, _ = host.wait(begin)
    host.settle(run)
    if as_json:
        json.dump(_result(run), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _print_result(run)
    return EXIT_CODES[run.status]


def _print_event(event: Event) -> None:
    data = event["data"]
    match event["event"]:
        case "node_started":
            print(f"  {data['title']} ({data['node_type']})", flush=True)
        case "node_finished" if data["error"]:
            print(f"    {data['status']}: {data['error']}", flush=True)


def _result(run: Run) -> dict[str, Any]:
    waiting = [form for form in run.pause_forms() if form.status == "waiting"]
    return {
        "run_id": run.id,
        "status": run.status,
        "outputs": run.outputs or {},
        "error": run.error,
        "forms": [{"form_token": form.token, **events.form_definition(form)} for form in waiting],
    }


def _print_result(run: Run) -> None:
    print(f"{run.status}  run {run.id}")
    for name, value in (run.outputs or {}).items():
        print(f"  {name} = {json.dumps(value, ensure_ascii=False)}")
    if run.error:
        print(f"  {run.error}")
    if run.status != "paused":
        return
    for form in run.pause_forms():
        print(f"  form {form.token}: {form.node_title}")
        print("    " + form.content.replace("\n", "\n    "))
        print("    actions: " + ", ".join(known["id"] for known in form.actions))
        print("    inputs: " + ", ".join(known["output_variable_name"] for known in form.inputs))
