"""What every command starts with: settings that hold, and errors told in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError

from service.domain.errors import GateError
from service.ports.store import Store
from service.settings import Settings

if TYPE_CHECKING:
    from service.bootstrap.installation import Installation

# What bootstrap brings along (the store's and the models' libraries) is imported only by a command
# that runs: `--help` answers at once.

USAGE = 2


def read_settings() -> Settings:
    """The settings, or exit with each mistake by the name of its variable.

    Logs keep to warnings: what a command has to say, it says itself.
    """
    from service.bootstrap.logs import keep_logs_to_warnings

    keep_logs_to_warnings()
    try:
        return Settings()
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
    except Exception as error:
        from service.bootstrap.stores import store_failure

        reason = store_failure(error)
        if reason is None:
            raise
        typer.echo(
            f"The store cannot be used: {reason}\n"
            "Check GATE_DATABASE_URL, then run `python -m service migrate`.",
            err=True,
        )
        raise typer.Exit(USAGE) from error


@contextmanager
def opened_store() -> Iterator[Store]:
    """The migrated store of the settings, closed at the end."""
    from service.bootstrap.stores import open_store

    settings = read_settings()
    with told_in_words(), open_store(settings) as store:
        yield store


@contextmanager
def opened_installation() -> Iterator["Installation"]:
    """What the settings name, closed at the end; mistakes are told in words."""
    from service.bootstrap.installation import open_installation

    settings = read_settings()
    with told_in_words(), open_installation(settings) as installation:
        yield installation
