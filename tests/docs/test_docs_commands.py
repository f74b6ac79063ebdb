"""Commands and files that the pages name exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from service.cli import app
from tests.docs.pages import PAGES, README, ROOT, blocks, name_of

MADE = (".venv", "dist", "var", ".env", "gate.dump", "gate-backup.db")
"""What stands there only after a command has run."""


def is_command(words: list[str]) -> None:
    """Fails unless the words after `python -m service` are a command with these options."""
    command = typer.main.get_command(app)
    for word in words:
        if isinstance(command, TyperGroup):
            if word.startswith("-") or word == "...":
                break
            assert word in command.commands, f"there is no command {' '.join(words)}"
            command = command.commands[word]
        elif word.startswith("--"):
            known = {name for param in command.params for name in param.opts + param.secondary_opts}
            assert word.partition("=")[0] in known | {"--help"}, f"{' '.join(words)}: no {word}"


def commands_of(text: str) -> list[list[str]]:
    found = re.findall(r"python -m service ((?:[\w./=-]+ ?)+)", text)
    return [line.split() for line in found if not line.startswith("COMMAND")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_the_service_exist(page: Path) -> None:
    for words in commands_of(page.read_text(encoding="utf-8")):
        is_command(words)


def test_a_command_that_does_not_exist_is_found_out() -> None:
    is_command(["user", "create", "lin", "--role", "reviewer"])
    for wrong in (["fly"], ["user", "fly"], ["serve", "--fly"]):
        with pytest.raises(AssertionError):
            is_command(wrong)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    # As code, or as a line of a block: "make sure" in a sentence is no command.
    named = re.findall(r"(?:`|^ *)(?:[A-Z]+=\S+ )*make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize(
    "page", [README, *(p for p in PAGES if p.is_relative_to(ROOT / "docs"))], ids=name_of
)
def test_files_in_shell_blocks_exist(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "sh"):
        for word in shlex.split(block, comments=True):
            is_path = re.fullmatch(r"[\w.-]+(/[\w.-]+)+|[\w-]+\.(yml|yaml|md|py|txt)", word)
            if is_path and not word.startswith(MADE):
                assert (ROOT / word).exists(), word
