"""model: versions of models, from where they come to what is in force."""

import typer

from service.cli.model import force, retrain, training, versions

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
    retrain.retrain,
):
    app.command(command.__name__.removesuffix("_versions"))(command)
for handed_over in (training.train, training.quantise):
    app.command(
        handed_over.__name__,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(handed_over)
