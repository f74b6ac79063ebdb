"""The commands. A mistake is told in one sentence with its remedy, and exits with 2."""

from typing import Annotated

import typer

from service import VERSION
from service.cli import access, audit, data, gate, model, running, shadow

app = typer.Typer(
    help="Confidence Gate: the decision service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None: ...


running.register(app)
app.add_typer(access.people, name="user")
app.add_typer(access.keys, name="apikey")
gate.app.add_typer(shadow.app, name="shadow")
app.add_typer(gate.app, name="gate")
app.add_typer(model.app, name="model")
app.add_typer(data.app, name="data")
app.add_typer(audit.app, name="audit")
