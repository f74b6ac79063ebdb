"""user and apikey: who may come in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from service.cli.context import opened_store
from service.domain.access import Role, Scope
from service.ports.clock import SystemClock
from service.usecases.access.authentication import Doorkeeper

people = typer.Typer(help="People who sign in to review.", no_args_is_help=True)
keys = typer.Typer(help="API keys of workflows and scripts.", no_args_is_help=True)

ACTOR = "command line"

Gates = Annotated[
    list[str] | None, typer.Option("--gate", help="Bind to this gate; repeat for several.")
]


@contextmanager
def _doorkeeper() -> Iterator[Doorkeeper]:
    with opened_store() as store:
        yield Doorkeeper(store=store, clock=SystemClock())


@people.command("create")
def create_person(
    name: str,
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if not given."
        ),
    ],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.REVIEWER,
    gate: Gates = None,
) -> None:
    """Add a person."""
    with _doorkeeper() as doorkeeper:
        gates = frozenset(gate) if gate else None
        doorkeeper.create_person(name, password, role, gates, actor=ACTOR)
    typer.echo(f"{name} can sign in as {role}.")


@people.command("list")
def list_people() -> None:
    """List people and their roles."""
    with _doorkeeper() as doorkeeper:
        for person in doorkeeper.list_people():
            state = "disabled" if person.disabled_at else person.role.value
            typer.echo(f"{person.name}\t{state}\t{_gates(person.gates)}")


@people.command("disable")
def disable_person(name: str) -> None:
    """Keep a person from signing in; open sessions end at once."""
    with _doorkeeper() as doorkeeper:
        doorkeeper.disable_person(name, actor=ACTOR)
    typer.echo(f"{name} can no longer sign in.")


@keys.command("create")
def create_key(
    name: str,
    scope: Annotated[
        list[Scope], typer.Option("--scope", help="What the key may do; repeat for several.")
    ],
    gate: Gates = None,
) -> None:
    """Make a key and print its secret once."""
    with _doorkeeper() as doorkeeper:
        gates = frozenset(gate) if gate else None
        secret = doorkeeper.create_key(name, frozenset(scope), gates, actor=ACTOR)
    typer.echo("Keep this key now; it is not shown again:", err=True)
    typer.echo(secret)


@keys.command("list")
def list_keys() -> None:
    """List keys, never their secrets."""
    with _doorkeeper() as doorkeeper:
        for key in doorkeeper.list_keys():
            state = "revoked" if key.revoked_at else ",".join(sorted(key.scopes))
            typer.echo(f"{key.name}\t{state}\t{_gates(key.gates)}")


@keys.command("revoke")
def revoke_key(name: str) -> None:
    """Make a key worthless; running services notice within seconds."""
    with _doorkeeper() as doorkeeper:
        doorkeeper.revoke_key(name, actor=ACTOR)
    typer.echo(f"The key {name} is revoked.")


def _gates(gates: frozenset[str] | None) -> str:
    return "all gates" if gates is None else ",".join(sorted(gates))
