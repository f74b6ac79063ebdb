"""gate shadow: try a candidate on what comes in, see what it finds, adopt or stop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from service.cli.context import opened_installation, told_in_words
from service.configuration.writing import section_of
from service.domain.access import Principal, Scope
from service.domain.errors import InvalidInput
from service.domain.shadow import ShadowState
from service.thresholds.tally import Cost, Figures, Side
from service.usecases.insight.replay import DEFAULT_LIMIT, MOST
from service.usecases.shadow.report import ShadowReport

if TYPE_CHECKING:
    from service.bootstrap.commands import ShadowCommands

app = typer.Typer(help="A candidate beside the gate, deciding nothing.", no_args_is_help=True)

OPERATOR = Principal(name="command line", scopes=frozenset(Scope))


@app.command("start")
def start(
    gate: str,
    candidate: Annotated[
        Path, typer.Argument(help="YAML or JSON: the keys of GATE_CONFIG that shall differ.")
    ],
    note: Annotated[str, typer.Option(help="Why, for those who read the history.")] = "",
) -> None:
    """Try a candidate on what comes in from now on. Running services notice within seconds."""
    changes = _read(candidate)
    with _tools() as tools:
        known = tools.gates.get(gate, OPERATOR)
        wanted = tools.workshop.changed(known, changes)
        tools.shadows.start(wanted, OPERATOR, note=note)
    typer.echo(f"In shadow at {gate}: it goes along from now on, and decides nothing.")


@app.command("show")
def show(
    gate: str,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST, help="Of the newest decisions at most so many.")
    ] = DEFAULT_LIMIT,
) -> None:
    """Show what the newest shadow has found: the gate and the candidate on the same items."""
    with _tools() as tools:
        found = tools.report(gate, OPERATOR, limit=limit)
    for line in _told(found):
        typer.echo(line)


@app.command("stop")
def stop(gate: str) -> None:
    """End the shadow; what it found can still be shown."""
    with _tools() as tools:
        tools.shadows.stop(gate, OPERATOR)
    typer.echo(f"The shadow of {gate} has ended.")


@app.command("adopt")
def adopt(gate: str) -> None:
    """Put the candidate in force, as a new version, and end the shadow."""
    with _tools() as tools:
        over = tools.gates.get(gate, OPERATOR).version
        made = tools.shadows.adopt(
            gate,
            lambda candidate: tools.workshop.policy(candidate.gate, section_of(candidate)),
            OPERATOR,
            over=over,
        )
    typer.echo(f"Version {made.version} of {gate} is in force.")


@contextmanager
def _tools() -> Iterator["ShadowCommands"]:
    from service.bootstrap.commands import shadow_commands

    with opened_installation() as installation:
        yield shadow_commands(installation)


def _read(file: Path) -> dict[str, Any]:
    with told_in_words():
        try:
            found = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InvalidInput(f"{file} cannot be read: {error}.") from error
        if not isinstance(found, dict) or not found:
            raise InvalidInput(f"{file} says nothing.", fix="Write the keys that shall differ.")
        return found


def _told(found: ShadowReport) -> Iterator[str]:
    shadow, live, candidate = found.shadow, found.live, found.shadowed
    until = "" if shadow.state is ShadowState.RUNNING else f", {shadow.state} {shadow.ended_at:%F}"
    yield f"Shadow {shadow.number} of {shadow.gate}, since {shadow.started_at:%F %R} UTC{until}."
    if shadow.note:
        yield f"  {shadow.note}"
    yield f"{live.items:,} items of which both are known, {found.unknown:,} more of which not."
    rows = [
        ("", "the gate", "candidate"),
        ("sent to people", _reviews(live), _reviews(candidate)),
        ("wrong approvals", _side(live.approvals), _side(candidate.approvals)),
        ("wrong rejections", _side(live.rejections), _side(candidate.rejections)),
    ]
    if live.cost and candidate.cost:
        rows.append(("cost per decision", _cost(live.cost), _cost(candidate.cost)))
    for name, one, other in rows:
        yield f"  {name:<18}{one:<44}{other}"


def _reviews(figures: Figures) -> str:
    return f"{figures.reviews:,} ({1 - figures.automation:.1%})"


def _side(side: Side) -> str:
    """By the panel, else what remains possible."""
    panel = side.panel
    if panel.value is not None:
        return f"{panel.value:.2%} ({panel.low:.2%} to {panel.high:.2%}) by the panel"
    return f"{side.wrong:,} to {side.most_wrong:,} of {side.decided:,}"


def _cost(cost: Cost) -> str:
    if cost.value is None:
        return f"{cost.least:.3g} to {cost.most:.3g}"
    return f"{cost.value:.3g} ({cost.low:.3g} to {cost.high:.3g})"
