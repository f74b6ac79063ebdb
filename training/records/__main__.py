"""`python -m training.records`: fit, export, calibrate and report models/german-credit."""

import json
from pathlib import Path
from typing import Annotated

import typer

from training.records.bundle import build

app = typer.Typer(add_completion=False)


@app.command()
def main(
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path(
        "models/german-credit"
    ),
) -> None:
    """Fit, export, calibrate and report the bundle for loan applications."""
    card = build(bundle)
    typer.echo(json.dumps(card["metrics"], indent=2))


if __name__ == "__main__":
    app()
