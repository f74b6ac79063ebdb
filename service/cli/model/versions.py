"""model list, show, check, add, remove, push: the versions of this machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.model.desk import AsJson, Model, Version, opened_desk, print_json
from service.domain.errors import Conflict, InvalidInput
from service.domain.model import Activation
from service.domain.retraining import Retraining

if TYPE_CHECKING:
    from service.bootstrap.model_desk import ModelDesk

BROKEN = 1

Where = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A bundle's folder, a .zip or .tar.gz of one, mlflow:NAME/VERSION or"
        " mlflow:NAME/ALIAS.",
    ),
]


def list_versions(as_json: AsJson = False) -> None:
    """List the models and their versions on this machine, and which one is active."""
    with opened_desk() as desk:
        found = {model: _listed(desk, model) for model in desk.registry.models()}
    if as_json:
        print_json(found)
        return
    for model, rows in found.items():
        for row in rows:
            where = "shipped" if row["shipped"] else "added"
            marks = [where, *(["active"] if row["active"] else []), *filter(None, [row["problem"]])]
            typer.echo(f"{model}\t{row['version']}\t{', '.join(marks)}")


def show(
    model: Model,
    version: Annotated[
        str | None, typer.Argument(help="Without it, the version that is active.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a version is, which gates use it, the model's activations and retrainings."""
    with opened_desk() as desk:
        history = desk.activations.history(model)
        active = desk.active_in(model, history)
        chosen = desk.registry.resolve(model, version) if version else active
        if chosen is None:
            raise InvalidInput(
                f"No version of {model!r} is active.",
                fix="`model list` tells which there are.",
            )
        bundle = desk.registry.load(model, chosen)
        gates = [policy.gate for policy in desk.activations.users(model)]
        retrainings = _retrainings(desk, model, gates)
        facts = {
            "version": bundle.version,
            "active": bundle.version == active,
            "gates": gates,
            "card": dict(bundle.card),
            "activations": [_told(one) for one in history],
            "retrainings": [asdict(one) | {"at": one.at.isoformat()} for one in retrainings],
        }
    if as_json:
        print_json(facts)
        return
    state = "active" if facts["active"] else "not active"
    typer.echo(f"{bundle.version} ({state}), used by {_words(facts['gates']) or 'no gate'}")
    typer.echo(f"  labels      {_words(bundle.labels)}; approves {_words(bundle.approve_labels)}")
    for key in ("task", "licence", "languages", "precision"):
        if key in bundle.card:
            typer.echo(f"  {key:<11} {_words(bundle.card[key])}")
    for one in history:
        _print_activation(one)
    for trained in retrainings:
        better = "better" if trained.beats else "not better"
        what = f"{trained.challenger} from {trained.data}: {better} than {trained.champion}"
        typer.echo(f"  {trained.at:%Y-%m-%d %H:%M:%S}  {what}  by {trained.actor}")


def check(source: Where, as_json: AsJson = False) -> None:
    """Say whether a bundle is whole, runs, and fits the gates; exits with 1 where it is not so."""
    with opened_desk() as desk:
        version, problem = desk.check(source)
    if as_json:
        print_json({"version": version or None, "whole": not problem, "problem": problem or None})
    else:
        typer.echo(problem or f"{version} is whole, runs, and fits the gates that use it.")
    if problem:
        raise typer.Exit(BROKEN)


def add(source: Where, as_json: AsJson = False) -> None:
    """Add a version from a folder, an archive or MLflow, if it is whole and runs."""
    with opened_desk() as desk:
        bundle = desk.add(source)
        active = desk.active(bundle.name)
    if as_json:
        print_json({"model": bundle.name, "version": bundle.version, "active": active})
        return
    fingerprint = bundle.version.partition("@")[2]
    typer.echo(f"Added {bundle.version}. Active is {active or 'no version'}.")
    typer.echo(f"Next: python -m service model activate {bundle.name} {fingerprint}")


def remove(model: Model, version: Version) -> None:
    """Delete an added version from this machine; never the active one."""
    with opened_desk() as desk:
        chosen = desk.registry.resolve(model, version)
        if chosen == desk.active(model):
            raise Conflict(f"{chosen} is active.", fix="Activate another version first.")
        desk.registry.remove(model, chosen)
    typer.echo(f"Removed {chosen}.")


def push(model: Model, version: Version, as_json: AsJson = False) -> None:
    """Make a version of this machine a version of MLflow's registered model of the same name."""
    with opened_desk() as desk:
        chosen = desk.registry.resolve(model, version)
        bundle, number = desk.push(model, chosen)
    if as_json:
        print_json({"version": chosen, "mlflow": {"name": bundle.name, "version": number}})
        return
    typer.echo(f"{chosen} is mlflow:{bundle.name}/{number}.")


def _listed(desk: "ModelDesk", model: str) -> list[dict[str, Any]]:
    active = desk.active(model)
    rows = [asdict(one) for one in desk.registry.versions(model)]
    for row in rows:
        row["active"] = row["version"] == active
    if active and not any(row["active"] for row in rows):
        problem = "not on this machine: another version goes on here; add it"
        rows.append({"version": active, "shipped": False, "problem": problem, "active": True})
    return rows


def _retrainings(desk: "ModelDesk", model: str, gates: Sequence[str]) -> list[Retraining]:
    """What came of the model's retrainings at these gates, newest first."""
    with desk.store.reading() as tx:
        found = [one for gate in gates for one in tx.retrainings.of(gate)]
    of_it = [one for one in found if one.champion.partition("@")[0] == model]
    return sorted(of_it, key=lambda one: one.at, reverse=True)


def _told(one: Activation) -> dict[str, Any]:
    settled_at = one.settled_at.isoformat() if one.settled_at else None
    return asdict(one) | {"at": one.at.isoformat(), "settled_at": settled_at}


def _print_activation(one: Activation) -> None:
    what = f"{one.cause} {one.replaces or 'nothing'} -> {one.version}"
    reason = f": {one.reason}" if one.reason else ""
    typer.echo(f"  {one.at:%Y-%m-%d %H:%M:%S}  {what}  by {one.actor}, {one.state}{reason}")


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
