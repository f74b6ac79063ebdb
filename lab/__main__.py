"""The lab's commands. The lab is a stand-in for Dify, not Dify."""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import uvicorn
import yaml

from lab.apps import App, ImportRefused
from lab.commands import answer_form, run_app
from lab.errors import ServiceApiError
from lab.host import Host
from lab.plugin_calls import PluginCalls
from lab.plugin_tools import Plugin
from lab.runs import RunStore, StateInUse
from lab.server import web_application

ROOT = Path(__file__).resolve().parent.parent
STATE = "var/lab"
STAND_IN = (
    "A stand-in for Dify, not Dify: runs exported workflows on Dify's own engine, with the plugin "
    "called through its SDK. The plugin's credentials come from LAB_SERVICE_URL (default "
    "http://127.0.0.1:8000) and LAB_SERVICE_API_KEY."
)
USAGE_ERROR = 2
GRACE_SECONDS = 1

type Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        command: Command = options.command
        return command(options)
    except (ImportRefused, StateInUse, ServiceApiError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return USAGE_ERROR


def _run(options: argparse.Namespace) -> int:
    app = App.read(options.file.stem, options.file)
    host = _host(options, [app])
    try:
        return run_app(host, app, dict(options.input), options.user, as_json=options.json)
    finally:
        host.close()


def _submit(options: argparse.Namespace) -> int:
    host = _host(options, [])
    try:
        answers = dict(options.input)
        return answer_form(host, options.token, options.action, answers, as_json=options.json)
    finally:
        host.close()


def _serve(options: argparse.Namespace) -> int:
    files = dict(options.app)
    keys = {key: name for name, key in options.app_key}
    if strangers := sorted(set(keys.values()) - set(files)):
        raise ImportRefused(f"--app-key names apps that --app does not: {', '.join(strangers)}")
    apps = {name: App.read(name, Path(path)) for name, path in files.items()}
    hooks = {hook: _hook_settings(Path(path), apps) for hook, path in options.hook}
    host = _host(options, list(apps.values()))
    web = web_application(host, keys, hooks)
    server = uvicorn.Server(
        uvicorn.Config(web, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS)
    )
    with socket.create_server((options.host, options.port)) as listening:
        _introduce(listening.getsockname()[1], options.host, apps.values())
        server.run(sockets=[listening])
    return 0


def _introduce(port: int, host: str, apps: Iterable[App]) -> None:
    print(STAND_IN.split(":")[0])
    for app in apps:
        print(f"  {app.name}: app id {app.id}")
        if app.webhook_id:
            print(f"    POST /triggers/webhook/{app.webhook_id}")
    print(f"Listening on http://{host}:{port}", flush=True)


def _host(options: argparse.Namespace, apps: list[App]) -> Host:
    credentials = {
        "service_url": os.environ.get("LAB_SERVICE_URL", "http://127.0.0.1:8000"),
        "api_key": os.environ.get("LAB_SERVICE_API_KEY", ""),
    }
    store = RunStore(options.state)
    plugin = Plugin(ROOT, sys.executable, credentials)
    host = Host(apps, store, plugin)
    plugin.connect(PluginCalls(host, store))
    host.open()
    return host


def _hook_settings(path: Path, apps: dict[str, App]) -> dict[str, Any]:
    """The endpoint's settings: `${NAME}` comes from the environment, `app: NAME` is an app here."""
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    resolved = {k: os.path.expandvars(v) if isinstance(v, str) else v for k, v in settings.items()}
    if (name := resolved.get("app")) in apps:
        resolved["app"] = {"app_id": apps[name].id}
    return resolved


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=STAND_IN)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _command(commands, "run", _run, "run one exported workflow")
    run.epilog = "Exit codes: 0 succeeded, 1 failed or stopped, 2 refused, 3 paused at a form."
    run.add_argument("file", type=Path, metavar="FILE.yml", help="an exported workflow (DSL)")
    _inputs(run, "an input of the start node; repeat it for more")
    run.add_argument("--user", default="lab-user", help="sys.user_id (default: %(default)s)")
    _state_and_form(run)

    submit = _command(commands, "submit", _submit, "answer the form of a paused run and go on")
    submit.epilog = run.epilog
    submit.add_argument("token", help="the form's token, as `run` prints it")
    submit.add_argument("--action", required=True, help="the button's id")
    _inputs(submit, "a field of the form; every declared one is required")
    _state_and_form(submit)

    serve = _command(commands, "serve", _serve, "offer Dify's Service API for some workflows")
    serve.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    serve.add_argument("--port", type=int, default=8100, help="0: any (default: %(default)s)")
    serve.add_argument(
        "--app", type=_pair, action="append", default=[], metavar="NAME=FILE.yml", required=True
    )
    serve.add_argument(
        "--app-key",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=KEY",
        help="the key with which the Service API's callers reach an app",
    )
    serve.add_argument(
        "--hook",
        type=_pair,
        action="append",
        default=[],
        metavar="ID=SETTINGS.yml",
        help="the plugin's endpoints at /e/ID/..., with these settings; ${NAME} in them is taken "
        "from the environment, and `app: NAME` is one of the apps",
    )
    _state(serve)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    work: Command,
    what: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=f"{what.capitalize()}. {STAND_IN}")
    parser.set_defaults(command=work)
    return parser


def _inputs(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--input", type=_pair, action="append", default=[], metavar="NAME=VALUE", help=what
    )


def _state_and_form(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    _state(parser)


def _state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(STATE),
        metavar="DIR",
        help="where runs are kept, so that they survive the process (default: %(default)s)",
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
