"""model activate, rollback: which version is in force."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.model.desk import ACTOR, AsJson, Model, Version, opened_desk, print_json
from service.domain.model import Activation, ActivationState
from service.usecases.models.activate_model import uncertified_by

if TYPE_CHECKING:
    from service.bootstrap.model_desk import ModelDesk

NOT_TAKEN_OVER = 1
RUNS = (ActivationState.PENDING, ActivationState.TAKEN_OVER)
"""What an activation is whose version scores, or will."""
LOOK_EVERY_SECONDS = 0.2

Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        min=0,
        metavar="SECONDS",
        help="Wait so long for a running service to take over; exit with 1 where none does.",
    ),
]


def activate(model: Model, version: Version, wait: Wait = 0, as_json: AsJson = False) -> None:
    """Put a version in force: running services load it beside the old one, then switch.

    It is tried out first. One that does not load or run, or has other labels than the gates that
    use it, is refused and changes nothing.
    """
    with opened_desk() as desk:
        chosen = desk.registry.resolve(model, version)
        desk.try_out(desk.registry.load(model, chosen), model)
        shipped = desk.registry.shipped_version(model)
        made = desk.activations.activate(model, chosen, shipped=shipped, actor=ACTOR)
        _report(desk, made, wait, as_json)


def rollback(model: Model, wait: Wait = 0, as_json: AsJson = False) -> None:
    """Put the version in force that was before; again, the one before that."""
    with opened_desk() as desk:
        shipped = desk.registry.shipped_version(model)
        target = desk.activations.before(model, shipped=shipped)
        desk.try_out(desk.registry.load(model, target), model)
        made = desk.activations.roll_back(model, shipped=shipped, actor=ACTOR)
        _report(desk, made, wait, as_json)


def _report(desk: "ModelDesk", made: Activation, wait: float, as_json: bool) -> None:
    users = desk.activations.users(made.model)
    closed: list[str] = [policy.gate for policy in uncertified_by(users, made.version)]
    ended = awaited(desk, made, wait)
    if as_json:
        print_json(
            {
                "model": made.model,
                "version": ended.version,
                "replaces": ended.replaces,
                "state": ended.state,
                "reason": ended.reason or None,
                "uncertified_gates": closed,
            }
        )
    else:
        _say(ended, closed)
    if wait and ended.state is not ActivationState.TAKEN_OVER:
        raise typer.Exit(NOT_TAKEN_OVER)


def _say(ended: Activation, closed: list[str]) -> None:
    typer.echo(f"{ended.version} is in force in place of {ended.replaces or 'nothing'}.")
    match ended.state:
        case ActivationState.TAKEN_OVER:
            typer.echo("A running service has taken it over.")
        case ActivationState.FAILED:
            typer.echo(f"It failed there, and what was before goes on: {ended.reason}", err=True)
        case _:
            typer.echo(f"Running services follow in seconds: `model show {ended.model}` tells.")
    for gate in closed:
        typer.echo(
            f"Warning: gate {gate} has no certificate for this version's scores. It sends every"
            f" item to people until labels of it certify the gate: from reviews, or at once by"
            f" `gate calibrate {gate} FILE.csv`.",
            err=True,
        )


def awaited(desk: "ModelDesk", made: Activation, wait: float) -> Activation:
    """The activation as it stands, or once it has ended within `wait` seconds."""
    until = time.monotonic() + wait
    while True:
        history = desk.activations.history(made.model)
        found = next(one for one in history if one.number == made.number)
        if found.state is not ActivationState.PENDING or time.monotonic() >= until:
            return found
        time.sleep(LOOK_EVERY_SECONDS)
