"""What `model retrain` says."""

from typing import TYPE_CHECKING, Any

import typer

from service.cli.model.force import RUNS
from service.domain.model import ActivationState

if TYPE_CHECKING:
    from service.bootstrap.retraining import Retrained


def say(retrained: "Retrained", told: dict[str, Any], *, activated: bool) -> None:
    """What was learned, how the panel judged it, and what came of it."""
    kept, made = retrained.kept, retrained.challenge
    found = made.judgement
    typer.echo(
        f"Data {kept.data}: {told['items']['train']:,} labels trained, {told['items']['tune']:,}"
        f" tuned, {found.items:,} of the panel judged."
    )
    typer.echo(
        f"  champion    {kept.champion}: log-loss {found.champion_loss:.4f},"
        f" {found.champion_errors:,} wrong"
    )
    typer.echo(
        f"  challenger  {kept.challenger}: log-loss {found.challenger_loss:.4f},"
        f" {found.challenger_errors:,} wrong"
    )
    typer.echo(
        f"  gain {found.gain:+.4f}, at least {found.at_least:+.4f} (level {found.level:.2g},"
        f" comparison {kept.number}); McNemar p = {found.mcnemar:.3g}"
    )
    if not kept.beats:
        typer.echo(_why_not(retrained))
        return
    fingerprint = kept.challenger.partition("@")[2]
    if not activated:
        typer.echo("The challenger is better, and was added. It is not active.")
        typer.echo(
            f"Next: python -m service model activate {made.challenger.name} {fingerprint}", err=True
        )
        return
    if told["state"] not in RUNS:
        typer.echo(
            f"{kept.challenger} did not take over ({told['state']}): what was before goes on, and"
            f" its certificate with it. {told['reason'] or ''}".rstrip(),
            err=True,
        )
        return
    typer.echo(f"{kept.challenger} is in force in place of {kept.champion} ({told['state']}).")
    if told["state"] is ActivationState.PENDING:
        model = made.challenger.name
        typer.echo(
            f"No running service has taken it over yet: `model show {model}` tells. The way back is"
            f" `model rollback {model}`, then `gate calibrate {kept.gate}`.",
            err=True,
        )
    if told["certificate"]:
        typer.echo(
            f"Certified on {made.sample.scores.size if made.sample else 0:,} other panel"
            f" items: {told['certificate']}."
        )
    elif told["uncertified"]:
        typer.echo(
            f"The gate {kept.gate} has no certificate for its scores (too few labels, or an alarm):"
            " it sends every item to people until labels of it certify the gate.",
            err=True,
        )


def _why_not(retrained: "Retrained") -> str:
    found = retrained.challenge.judgement
    if found.gain <= 0 or found.needed is None:
        return (
            "The challenger is no better on the panel, and was thrown away. More panel labels would"
            " not help it; more labels to learn from may."
        )
    more = max(found.needed - found.items, 1)
    return (
        "The challenger may be better, which the panel cannot tell from chance yet; it was thrown"
        f" away. A gain like this would show on some {more:,} more panel labels in the half that"
        " judges."
    )
