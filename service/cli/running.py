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
from service.ports.clock import SystemClock
from service.settings import Settings, settings_table, variable_of
from service.telemetry import logs

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
    chosen = read_settings()
    logs.configure(chosen.log_format, chosen.log_level)
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
    from service.bootstrap.preparing import prepare
    from service.cli.processes import serve_together
    from service.store.sql_store import SqlStore

    with told_in_words():  # once and here, rather than by each of them
        store = SqlStore(chosen.database_url)
        prepare(chosen, store, SystemClock())
        store.close()
    _say_where(chosen)
    if not serve_together(chosen, options, with_worker=with_worker):
        raise typer.Exit(USAGE)


def _say_where(chosen: Settings) -> None:
    typer.echo(f"Confidence Gate: {chosen.base_url} (stop with Ctrl-C)", err=True)


def worker() -> None:
    """Run deliveries and deadlines alone, beside `serve --no-worker`."""
    from service.bootstrap.adapters import open_bus
    from service.bootstrap.background import build_background
    from service.bootstrap.learning import build_learner
    from service.bootstrap.preparing import prepare
    from service.store.sql_store import SqlStore
    from service.telemetry.metrics import Metrics
    from service.usecases.certification.drift_monitor import Watcher

    chosen = read_settings()
    logs.configure(chosen.log_format, chosen.log_level)
    clock = SystemClock()
    with told_in_words():
        store = SqlStore(chosen.database_url)
        configuration, gates, shelf = prepare(chosen, store, clock)
        bus = open_bus(chosen)
        learner = build_learner(store, bus, gates, clock, shelf, configuration.language_models)
        metrics = Metrics()
        watcher = Watcher(store=store, gates=gates, bus=bus, clock=clock, meter=metrics)
        background = build_background(
            configuration, store, bus, gates, clock, metrics, learner, watcher
        )
        background.tasks += (shelf.book.periodic_task(),)
    finished = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    background.start()
    typer.echo("Confidence Gate worker: delivering (stop with Ctrl-C)", err=True)
    finished.wait()
    background.end()
    bus.close()
    store.close()


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
