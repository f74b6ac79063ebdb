"""model: versions of models, from where they come to what is in force."""

import typer

from service.cli.model import force, versions

app = typer.Typer(
    help="Models and their versions: add one, put it in force, go back.", no_args_is_help=True
)
for command in (
    versions.list_versions,
    versions.show,
    versions.check,
    versions.add,
    versions.remove,
    versions.push,
    force.activate,
    force.rollback,
):
    app.command(command.__name__.removesuffix("_versions"))(command)
