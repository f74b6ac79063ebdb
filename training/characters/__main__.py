"""`python -m training.characters`: train, export and report models/embedded-zh."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from training.characters.bundle import export, train, write_card
from training.characters.corpus import chinese, described
from training.characters.learning import Settings
from training.characters.report import report

app = typer.Typer(add_completion=False)
DEFAULTS = Settings()


@app.command()
def main(
    run: Annotated[Path, typer.Option(help="Folder of trained members.")] = Path(
        "var/training/embedded-zh"
    ),
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path(
        "models/embedded-zh"
    ),
    epochs: Annotated[int, typer.Option(min=1)] = DEFAULTS.epochs,
    seeds: Annotated[int, typer.Option(min=1, help="How many networks.")] = len(DEFAULTS.seeds),
) -> None:
    """Train, export and report the bundle for Chinese; interrupted, go on with the next member."""
    parts, console = chinese(), Console()
    settings = replace(DEFAULTS, epochs=epochs, seeds=tuple(range(1, seeds + 1)))
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        trained = train(parts, settings, run, progress)
    card = export(trained, parts, settings, bundle, described(parts))
    card["metrics"], page = report(bundle, trained, parts)
    write_card(bundle, card)
    (bundle / "REPORT.md").write_text(page, encoding="utf-8")
    console.print(page)


if __name__ == "__main__":
    app()
