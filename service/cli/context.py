"""What every command starts with: settings that hold, and errors told in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from service.domain.errors import GateError
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.telemetry import logs

USAGE = 2


def read_settings() -> Settings:
    """The settings, or exit with each mistake by the name of its variable.

    Logs keep to warnings: what a command has to say, it says itself.
    """
    logs.configure("console", "warning")
    try:
        return Settings()  # type: ignore[call-arg, unused-ignore]
    except ValidationError as error:
        for found in error.errors():
            name = "GATE_" + "_".join(map(str, found["loc"])).upper()
            typer.echo(f"{name}: {found['msg']}", err=True)
        raise typer.Exit(USAGE) from error


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn what can go wrong into a message and an exit code."""
    try:
        yield
    except GateError as error:
        typer.echo(f"{error.detail} {error.fix}".strip(), err=True)
        raise typer.Exit(USAGE) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        typer.echo(
            f"The store cannot be used: {reason}\n"
            "Check GATE_DATABASE_URL, then run `python -m service migrate`.",
            err=True,
        )
        raise typer.Exit(USAGE) from error


@contextmanager
def opened_store() -> Iterator[SqlStore]:
    """The migrated store of the settings, closed at the end."""
    settings = read_settings()
    with told_in_words():
        store = SqlStore(settings.database_url)
        try:
            store.migrate()
            yield store
        finally:
            store.close()
