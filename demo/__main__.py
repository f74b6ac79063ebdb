"""`make demo`. A person decides on the page; with AUTO=1, or without a terminal, a script does."""

import os
import signal
import sys
import threading
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live

from demo import board, comments, processes, reviewer
from demo.processes import Stage
from demo.rows import Row, follow
from demo.service_process import ROOT

SECONDS_FOR_ALL = 85.0


def main() -> int:
    # A closed terminal ends the processes too, as Ctrl-C does: the lab leads a group of its own.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    console = Console(width=None if sys.stdout.isatty() else 120)
    by_script = _by_script()
    chosen = comments.read()
    console.print("Starting the service and the lab, which stands in for Dify …")
    with processes.running() as stage:
        rows = [Row(comment=comment) for comment in chosen]
        for row in rows:
            threading.Thread(target=follow, args=(row, stage), daemon=True).start()
        try:
            if by_script:
                return _by_itself(console, stage, rows)
            return _with_a_person(console, stage, rows)
        except KeyboardInterrupt:
            console.print("Stopped.")
            return 0 if _all_resumed(rows) else 130


def _by_script() -> bool:
    wanted = os.environ.get("AUTO", "")
    if wanted not in ("", "0", "1"):
        raise SystemExit(f"AUTO={wanted} is not known here. Use AUTO=1 or AUTO=0.")
    return wanted == "1" or (wanted == "" and not sys.stdout.isatty())


def _by_itself(console: Console, stage: Stage, rows: Sequence[Row]) -> int:
    done = threading.Event()
    script = threading.Thread(
        target=reviewer.review, args=(stage, [row.comment for row in rows], done), daemon=True
    )
    script.start()
    _watch(console, stage, rows, seconds=SECONDS_FOR_ALL)
    done.set()
    script.join(timeout=10)
    return _say_how_it_ended(console, stage, rows)


def _with_a_person(console: Console, stage: Stage, rows: Sequence[Row]) -> int:
    _watch(console, stage, rows, seconds=None)
    code = _say_how_it_ended(console, stage, rows)
    console.print("The page stays open. Stop with Ctrl-C.")
    threading.Event().wait()
    return code


def _watch(console: Console, stage: Stage, rows: Sequence[Row], seconds: float | None) -> None:
    """Show the rows until every one has ended, or so many seconds have passed."""
    clock, tick = threading.Event(), 0.2
    left = seconds
    with Live(console=console, refresh_per_second=8, auto_refresh=False) as live:
        while not all(_settled(row) for row in rows):
            if left is not None and left <= 0:
                break
            if console.is_terminal:
                live.update(board.whole(rows, stage), refresh=True)
            clock.wait(tick)
            left = None if left is None else left - tick
        live.update(board.whole(rows, stage), refresh=True)


def _settled(row: Row) -> bool:
    """Ended, and where a person decided, proven by the service too."""
    return bool(row.trouble) or (row.ended and (not row.reviewed or row.delivery == "delivered"))


def _all_resumed(rows: Sequence[Row]) -> bool:
    return all(_settled(row) and not row.trouble for row in rows)


def _say_how_it_ended(console: Console, stage: Stage, rows: Sequence[Row]) -> int:
    reviewed = sum(row.reviewed for row in rows)
    if _all_resumed(rows):
        console.print(
            f"\n{len(rows)} comments: {len(rows) - reviewed} decided by the gate, {reviewed} by a"
            " person. Every paused branch has resumed, and the service has proof of it."
        )
        return 0
    waiting = sum(not _settled(row) for row in rows)
    console.print(
        f"\n{waiting} branches have not ended and {sum(bool(r.trouble) for r in rows)} failed."
        f" The logs are in {stage.state.relative_to(ROOT)}/."
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
