"""model retrain: learn from a gate's labels; what is better, as its panel judges, may take over."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.context import opened_installation
from service.cli.gate import gate_named
from service.cli.model.desk import ACTOR, AsJson, print_json
from service.cli.model.force import NOT_TAKEN_OVER, RUNS, Wait, awaited
from service.cli.model.retrained_words import say
from service.domain.errors import InvalidInput
from service.domain.model import ActivationState
from service.web.text.certificates import in_english

if TYPE_CHECKING:
    from service.bootstrap.retraining import Retrained, Retrainer

NOT_BETTER = 1


def retrain(
    gate: str,
    activate: Annotated[
        bool, typer.Option("--activate", help="Put a better challenger in force at once.")
    ] = False,
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Make a challenger of the gate's model from what people said, and let the panel judge it.

    No label of the panel trains. A challenger that is better, surely enough, becomes a version of
    the model; another one is thrown away, the command says why, and exits with 1.
    """
    from service.bootstrap.retraining import retrainer_of

    def tell(what: str) -> None:
        """Say how far it is, where somebody reads along."""
        if not as_json:
            typer.echo(f"{what} ...", err=True)

    with opened_installation() as installation, tempfile.TemporaryDirectory() as aside:
        policy = gate_named(installation.gates, gate)
        retrainer = retrainer_of(installation, policy, actor=ACTOR)
        if activate:
            _demand_alone(retrainer)
        retrained = retrainer.retrain(Path(aside) / "challenger", tell)
        told = _told(retrained, _logged(retrainer, retrained))
        beats = retrained.kept.beats
        if beats and activate:
            told |= _take_over(retrainer, retrained, wait)
    if as_json:
        print_json(told)
    else:
        say(retrained, told, activated=activate)
    if not beats:
        raise typer.Exit(NOT_BETTER)
    if activate and _not_taken_over(told["state"], wait):
        raise typer.Exit(NOT_TAKEN_OVER)


def _not_taken_over(state: ActivationState, wait: float) -> bool:
    """Whether no service has the challenger: it failed there, or waiting was in vain."""
    return state not in RUNS or (wait > 0 and state is not ActivationState.TAKEN_OVER)


def _demand_alone(retrainer: "Retrainer") -> None:
    """One gate's panel says nothing of another gate's items."""
    scorer, gate = retrainer.policy.scorer, retrainer.policy.gate
    users = [policy.gate for policy in retrainer.desk.activations.users(scorer)]
    others = [user for user in users if user != gate]
    if others:
        raise InvalidInput(
            f"{scorer!r} judges for {', '.join(others)} too, whose panels have not judged the"
            " challenger.",
            fix="Without --activate it is added where it is better; activate it yourself.",
        )


def _logged(retrainer: "Retrainer", retrained: "Retrained") -> dict[str, Any] | None:
    """The run of MLflow; where the server refuses, the retraining stands all the same."""
    from service.bootstrap.retraining_log import log_to_mlflow

    try:
        return log_to_mlflow(retrainer.desk, retrained)
    except InvalidInput as error:
        typer.echo(f"Not logged: {error.detail} {error.fix}".strip(), err=True)
        return None


def _take_over(retrainer: "Retrainer", retrained: "Retrained", wait: float) -> dict[str, Any]:
    """Activate the challenger, then certify it: in between the gate sends everything to people."""
    made = retrained.challenge
    ended = awaited(retrainer.desk, retrainer.activate(made.challenger), wait)
    # Where it did not take over, the champion goes on, and its certificate with it.
    runs = ended.state in RUNS
    certificate = retrainer.certify(made) if runs else None
    contract = retrainer.policy.contract
    return {
        "state": ended.state,
        "reason": ended.reason or None,
        "certificate": certificate and in_english(certificate),
        "uncertified": runs and contract is not None and certificate is None,
    }


def _told(retrained: "Retrained", logged: dict[str, Any] | None) -> dict[str, Any]:
    kept = retrained.kept
    return {
        "gate": kept.gate,
        "comparison": kept.number,
        "champion": kept.champion,
        "challenger": kept.challenger,
        "beats": kept.beats,
        "data": kept.data,
        "items": retrained.items,
        "judgement": dict(kept.judgement),
        "mlflow": logged,
    }
