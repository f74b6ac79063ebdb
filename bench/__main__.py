"""`make bench`: how fast, on this machine. A table here, and bench/results/latest.json."""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import machine
from bench.against import AGAINST
from bench.measuring import FULL, QUICK, Figures
from bench.parts import PARTS

RESULTS = Path(__file__).parent / "results" / "latest.json"

WANTED: dict[str, tuple[str, float]] = {
    "scoring.http_over_raw": ("at least", 0.9),
    "scoring.http_over_naive": ("at least", 1.3),
    "precision.http_over_fp32": ("at least", 2),
    "signals.processes_over_empty_route": ("at least", 0.5),
    "latency.p95_ms": ("below", 200),
    "latency.p99_ms": ("below", 500),
    "memory.mb": ("below", 500),
    "ready.seconds": ("below", 5),
    **{f"peers.http_over_{peer}": ("at least", 2.0) for peer in AGAINST},
}
EVERY = {**PARTS, **AGAINST}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="Nothing else should run meanwhile: the sides share this machine's cores.",
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"{', '.join(PARTS)}; all of them where none is named. "
        f"Against other servers: {', '.join(AGAINST)}",
    )
    parser.add_argument("--peers", action="store_true", help="the other servers too")
    parser.add_argument("--quick", action="store_true", help="short rounds: figures to look at")
    parser.add_argument("--rounds", type=int, help="how often each side is measured")
    parser.add_argument("--seconds", type=float, help="how long each measurement takes")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the figures go")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(EVERY)
    if unknown:
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}: there are {', '.join(EVERY)}"
        )
    run(chosen)


def run(chosen: argparse.Namespace) -> None:
    console, progress = Console(), Console(stderr=True)
    usual = QUICK if chosen.quick else FULL
    figures: Figures = machine.described()
    with progress.status("starting") as status:

        def say(what: str) -> None:
            status.update(what)
            if not progress.is_terminal:
                progress.print(what)

        plan = replace(
            usual,
            rounds=chosen.rounds or usual.rounds,
            seconds=chosen.seconds or usual.seconds,
            say=say,
        )
        for part in chosen.parts or (EVERY if chosen.peers else PARTS):
            figures |= EVERY[part](plan)
            figures[f"measured.{part}"] = datetime.now(UTC).isoformat(timespec="seconds")
            figures[f"rounds.{part}"] = plan.rounds
            _keep(chosen.output, figures, part)  # at once: a later one may fail
    console.print(_table(figures))
    console.print(f"{chosen.output}", soft_wrap=True)


def _keep(file: Path, figures: Figures, part: str) -> None:
    """Ratios first. Figures of the parts that did not run stay, with the time of their own; of a
    peer that did just now, neither a figure nor the reason why there was none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known: Figures = json.loads(file.read_text()) if file.exists() else {}
    told = [name for name in known if name.startswith("peers.")]
    outdated = {name for name in told if part in name}
    together = {**figures, **{k: v for k, v in known.items() if k not in {*figures, *outdated}}}
    ordered = dict(sorted(together.items(), key=lambda pair: "over_" not in pair[0]))
    file.write_text(json.dumps(ordered, indent=2) + "\n")


def _table(figures: Figures) -> Table:
    table = Table("figure", "measured", "wanted", title="Confidence Gate")
    for name, value in figures.items():
        table.add_row(name, str(value), _wanted(name, value))
    return table


def _wanted(name: str, value: float | str) -> str:
    if name not in WANTED or isinstance(value, str):
        return ""
    how, limit = WANTED[name]
    kept = value >= limit if how == "at least" else value < limit
    return f"[green]{how} {limit:g}[/]" if kept else f"[red]{how} {limit:g}: missed[/]"


if __name__ == "__main__":
    main()
