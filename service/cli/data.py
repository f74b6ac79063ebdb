"""data export: what people said and what turned out, as a file with a card."""

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli.context import opened_installation
from service.cli.gate import ACTOR, gate_named
from service.domain.errors import InvalidInput
from service.domain.labelled import Case
from service.usecases.data.data_set import Card

app = typer.Typer(help="The data sets of gates.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The data sets of gates."""


@app.command("export")
def export(
    gate: str,
    out: Annotated[Path, typer.Argument(metavar="OUT.jsonl", help="One item a line.")],
    case: Annotated[
        Case | None,
        typer.Option(help="Only items where the AI's suggestion was right, or contradicted."),
    ] = None,
) -> None:
    """Write the labelled items of a gate, and beside them a card that says what they are.

    The same stored state gives the same file and the same version. Where the gate redacts personal
    data, so does the file.
    """
    from service.bootstrap.usecases import build_data_set

    with opened_installation() as installation:
        policy = gate_named(installation.gates, gate)
        beside = out.with_name(f"{out.name}.partial")
        try:
            with beside.open("wb") as lines:
                card = build_data_set(installation).export(policy, case, lines.write, actor=ACTOR)
            beside.replace(out)
            document = json.dumps(card.document(), ensure_ascii=False, indent=2) + "\n"
            card_of(out).write_text(document, encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{out} cannot be written: {error.strerror}.") from error
        finally:
            beside.unlink(missing_ok=True)
    _say(card, out)


def card_of(out: Path) -> Path:
    """Where the card of an exported file lies."""
    return out.with_suffix(".card.json")


def _say(card: Card, out: Path) -> None:
    by = ", ".join(f"{count:,} by {who}" for who, count in sorted(card.by.items()))
    typer.echo(f"{card.version}: {card.items:,} items ({by or 'none'}) in {out}.")
