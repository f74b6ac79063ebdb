"""What the model commands work with: the versions of this machine, and the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.context import read_settings, told_in_words

if TYPE_CHECKING:
    from service.bootstrap.model_desk import ModelDesk

ACTOR = "command line"

Model = Annotated[str, typer.Argument(help="The model, as gates name it.")]
Version = Annotated[
    str, typer.Argument(help="`shipped`, or a fingerprint or its beginning, as listed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def opened_desk() -> Iterator["ModelDesk"]:
    """What the settings name, closed at the end; mistakes are told in words."""
    from service.bootstrap.model_desk import open_model_desk

    settings = read_settings()
    with told_in_words(), open_model_desk(settings) as desk:
        yield desk


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
