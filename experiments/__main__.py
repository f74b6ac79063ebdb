"""`make experiment`: every policy on every set; one page, and all figures as JSON and CSV.

Killed, it goes on where it stopped. QUICK=1 takes small parts of the sets and few repetitions: to
see that everything runs, not what comes out.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.study import page, tracking
from experiments.study.run import FULL, QUICK, run, steps
from service.domain.errors import InvalidInput

FOLDER = Path("reports") / "experiment"


def main() -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK") == "1")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the report goes")
    given = parser.parse_args()
    console, plan = Console(), QUICK if given.quick else FULL
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=steps(plan))

        def say(what: str) -> None:
            progress.update(bar, advance=1, description=what)
            if not console.is_terminal:
                console.print(what, highlight=False)

        found = run(plan, given.folder, say)
    files = page.write(found, given.folder)
    console.print(f"Written: {', '.join(map(str, files))}", highlight=False, soft_wrap=True)
    try:
        told = tracking.track(found, files)
    except InvalidInput as error:
        told = f"Nothing was logged, the report stands: {error} {error.fix}"
    if told:
        console.print(told, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
