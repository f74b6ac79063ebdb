"""What the terminal shows: the rows as they change."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from demo.processes import LOGIN, Stage
from demo.rows import Row

_DECISIONS = {
    "auto_approve": ("approved", "green"),
    "auto_reject": ("rejected", "red"),
    "human_review": ("to a person", "yellow"),
    "": ("", ""),
}


def table(rows: Sequence[Row]) -> Table:
    board = Table(expand=True, title=None, show_lines=False, pad_edge=False)
    board.add_column("Comment", ratio=3, no_wrap=True, overflow="ellipsis")
    board.add_column("Decision", no_wrap=True)
    board.add_column("c", justify="right", no_wrap=True)
    board.add_column("Where it stands", min_width=28, no_wrap=True, overflow="ellipsis")
    for row in rows:
        word, colour = _DECISIONS[row.decision]
        confidence = "" if row.confidence is None else f"{row.confidence:.2f}"
        board.add_row(row.comment.text, Text(word, style=colour), confidence, stands(row))
    return board


def stands(row: Row) -> Text:
    if row.trouble:
        return Text(row.trouble, style="bold red")
    if row.output is None:
        return Text(row.stands, style="dim" if row.stands == "sending" else "yellow")
    verdict = row.output.get("verdict") or row.output.get("gate_action") or ""
    return Text(f"{row.stands} → {verdict}", style="green" if verdict == "approve" else "red")


def page(stage: Stage) -> Text:
    name, password = LOGIN
    return Text.assemble(
        ("Review page  ", "bold"),
        (f"{stage.service}/", "cyan underline"),
        ("   sign in as  ", "bold"),
        f"{name} / {password}",
    )


def whole(rows: Sequence[Row], stage: Stage) -> Group:
    return Group(page(stage), Text(), table(rows))
