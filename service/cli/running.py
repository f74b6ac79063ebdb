"""serve, worker, migrate, settings."""

import signal
import sys
import threading
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from service.cli import collector
from service.cli.context import USAGE, opened_store, read_settings, told_in_words
from service.settings import Settings, settings_table, variable_of

SECONDS_TO_FINISH = 5


def register(app: typer.Typer) -> None:
    for command in (serve, worker, migrate, settings):
        app.command()(command)


def serve(
    worker: Annotated[
        bool, typer.Option(help="Run the delivery worker inside this process.")
    ] = True,
) -> None:
    """Run the HTTP API and the reviewers' pages."""
    from service.bootstrap.logs import configure_logs

    chosen = read_settings()
    configure_logs(chosen)
    options = {
        "host": chosen.host,
        "port": chosen.port,
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": SECONDS_TO_FINISH,
        "server_header": False,
        "proxy_headers": False,  # whoever calls could write them, and pass the sign-in's limit
    }
    if chosen.processes == 1:
        _serve_alone(chosen, options, with_worker=worker)
    else:
        _serve_together(chosen, options, with_worker=worker)


def _serve_alone(chosen: Settings, options: Mapping[str, Any], *, with_worker: bool) -> None:
    # Imported here: a web server and a model runtime are too much for the other commands.
    import uvicorn

    from service.bootstrap.application import build_app

    # uvicorn ends in good order, then raises the signal anew: that must not look like a death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with told_in_words():
        application = build_app(chosen, with_worker=with_worker)
    collector.come_seldom()
    _say_where(chosen)
    uvicorn.run(application, **options)


def _serve_together(chosen: Settings, options: Mapping[str, Any], *, with_worker: bool) -> None:
    from service.bootstrap.installation import open_installation
    from service.cli.processes import serve_together

    with told_in_words(), open_installation(chosen):
        pass  # what can go wrong is told once and here, rather than by each of them
    _say_where(chosen)
    if not serve_together(chosen, options, with_worker=with_worker):
        raise typer.Exit(USAGE)


def _say_where(chosen: Settings) -> None:
    typer.echo(f"Confidence Gate: {chosen.base_url} (stop with Ctrl-C)", err=True)


def worker() -> None:
    """Run deliveries and deadlines alone, beside `serve --no-worker`."""
    from service.bootstrap.logs import configure_logs
    from service.bootstrap.worker import open_worker

    chosen = read_settings()
    configure_logs(chosen)
    finished = threading.Event()
    with told_in_words(), open_worker(chosen) as background:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: finished.set())
        background.start()
        typer.echo("Confidence Gate worker: delivering (stop with Ctrl-C)", err=True)
        finished.wait()
        background.end()


def migrate() -> None:
    """Bring the store's schema to the newest version. Safe to repeat."""
    with opened_store():
        typer.echo("The store's schema is up to date.")


def settings(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The defaults, as the documentation's table.")
    ] = False,
) -> None:
    """Print every setting, its value in force, and what it means."""
    if markdown:
        typer.echo(settings_table())
        return
    chosen = read_settings()
    table = Table("Variable", "Value", "Meaning")
    for name, info in Settings.model_fields.items():
        table.add_row(variable_of(name), chosen.shown(name), info.description)
    Console().print(table)
