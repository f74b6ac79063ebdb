"""model retrain: learn from a gate's labels; what is better, as its panel judges, may take over."""

import hashlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.gate import gate_named
from service.cli.model.desk import ACTOR, AsJson, Desk, opened_desk, print_json
from service.cli.model.force import NOT_TAKEN_OVER, RUNS, Wait, awaited
from service.cli.model.retrained_log import counts, log
from service.cli.model.retrained_words import say
from service.domain.adaptation import Mode
from service.domain.canonical import canonical
from service.domain.errors import ChangedMeanwhile, InvalidInput
from service.domain.gate import GatePolicy
from service.domain.guard import Redaction
from service.domain.model import ActivationState
from service.domain.retraining import Retraining
from service.guards.masking import LabelRedactor
from service.ports.clock import SystemClock
from service.registry.sources import FolderSource
from service.retraining.challenge import Challenge, challenge
from service.retraining.judging import level_of
from service.retraining.lessons import Lessons, Parts
from service.scoring.bundle import Bundle
from service.scoring.readers import make_reader
from service.thresholds.quality import judged
from service.thresholds.safety.labels import FEWEST_LABELS
from service.usecases.certification.certify import demand_one_scorer
from service.usecases.data.data_set import Card, DataSet
from service.usecases.gates.policy_cache import GateBook
from service.usecases.models.retraining_log import Retrainings
from service.web.text.certificates import in_english

NOT_BETTER = 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be retrained, and what is to come of it."""

    desk: Desk
    gates: GateBook
    policy: GatePolicy
    champion: Bundle
    activate: bool
    quiet: bool

    def tell(self, what: str) -> None:
        """Say how far it is, where somebody reads along."""
        if not self.quiet:
            typer.echo(f"{what} ...", err=True)


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
    from service.bootstrap.preparing import prepare

    with opened_desk() as desk, tempfile.TemporaryDirectory() as aside:
        clock = SystemClock()
        _, gates, shelf = prepare(desk.settings, desk.store, clock)
        policy = gate_named(gates, gate)
        demand_one_scorer(policy)
        if policy.scorer not in shelf.bundles:
            raise InvalidInput(
                f"The gate {gate!r} is judged by {policy.scorer!r}, which has no bundle.",
                fix="Retrain what gives the scores where it lives.",
            )
        asked = Asked(
            desk=desk,
            gates=gates,
            policy=policy,
            champion=shelf.bundles[policy.scorer],
            activate=activate,
            quiet=as_json,
        )
        _demand_alone(asked)
        card, parts = _lessons(asked)
        history = Retrainings(store=desk.store, clock=clock)
        judges = _judges(asked, parts)
        number = history.comparison(policy.gate, asked.champion.version, card.version, judges)
        made = _challenge(asked, card, parts, number, Path(aside) / "challenger")
        kept = history.keep(_written(asked, made, card, number, judges))
        if kept.beats:
            desk.registry.add(FolderSource(Path(aside) / "challenger"), desk.run_once)
        logged = log(desk, made, kept, card, parts)
        told: dict[str, Any] = _told(kept, parts, logged)
        if kept.beats and activate:
            told |= _take_over(asked, made, wait)
    if as_json:
        print_json(told)
    else:
        say(kept, made, told, activated=activate)
    if not kept.beats:
        raise typer.Exit(NOT_BETTER)
    if kept.beats and activate and _not_taken_over(told["state"], wait):
        raise typer.Exit(NOT_TAKEN_OVER)


def _not_taken_over(state: ActivationState, wait: float) -> bool:
    """Whether no service has the challenger: it failed there, or waiting was in vain."""
    return state not in RUNS or (wait > 0 and state is not ActivationState.TAKEN_OVER)


def _demand_alone(asked: Asked) -> None:
    """One gate's panel says nothing of another gate's items."""
    others = [
        policy.gate
        for policy in asked.desk.activations.users(asked.policy.scorer)
        if policy.gate != asked.policy.gate
    ]
    if asked.activate and others:
        raise InvalidInput(
            f"{asked.policy.scorer!r} judges for {', '.join(others)} too, whose panels have not"
            " judged the challenger.",
            fix="Without --activate it is added where it is better; activate it yourself.",
        )


def _lessons(asked: Asked) -> tuple[Card, Parts]:
    """The data set as it is, and its parts."""
    gate = asked.policy.gate
    with asked.desk.store.reading() as tx:
        borne_out = judged(tx.labels.of_panel(gate), tx.labels.shared(gate))
    lessons = Lessons(
        reads=make_reader(asked.champion).reads,
        since=asked.policy.adapted.labels_since if asked.policy.adapted else None,
        borne_out={label.decision_id: label for label in borne_out},
    )
    data = DataSet(
        store=asked.desk.store, gates=asked.gates, redactor=LabelRedactor(), clock=SystemClock()
    )
    card = data.read(asked.policy, None, lambda one, _: lessons.add(one))
    with asked.desk.store.reading() as tx:
        for decision in tx.decisions.get_many(lessons.missing).values():
            lessons.add_unsettled(decision)
    return card, lessons.parts(certify=_may_certify(asked.policy))


def _may_certify(policy: GatePolicy) -> bool:
    """Whether panel items may certify the challenger at once. Not where the store has other texts
    than the model reads, nor after an alarm, when it is for new labels to say how things are."""
    safe = policy.adapted is not None and policy.adapted.mode is Mode.SAFE
    whole = policy.guards.redaction is not Redaction.STORAGE
    return policy.contract is not None and whole and not safe


def _challenge(asked: Asked, card: Card, parts: Parts, number: int, folder: Path) -> Challenge:
    from service.bootstrap.adapters import make_scorer

    return challenge(
        asked.champion,
        asked.policy,
        parts,
        level=level_of(number),
        open_scorer=lambda bundle: make_scorer(asked.desk.settings, bundle),
        folder=folder,
        about={
            "gate": asked.policy.gate,
            "data": card.version,
            "data_sha256": card.document()["sha256"],
            "cut": parts.cut.isoformat(),
            "items": counts(parts),
        },
        tell=asked.tell,
    )


def _judges(asked: Asked, parts: Parts) -> str:
    """What the judgement rests on besides the data set: which panel items, with what labels, and
    the calibrators that the champion has in force."""
    found: dict[str, Any] = {
        "items": [[one.decision_id, one.right] for one in parts.judge],
        "calibrators": [
            [category or "", earned.source, dict(earned.calibrator)]
            for category, earned in asked.policy.certified.items()
        ],
    }
    return hashlib.sha256(canonical(found)).hexdigest()[:12]


def _written(asked: Asked, made: Challenge, card: Card, number: int, judges: str) -> Retraining:
    return Retraining(
        gate=asked.policy.gate,
        number=number,
        at=SystemClock().now(),
        actor=ACTOR,
        champion=asked.champion.version,
        challenger=made.challenger.version,
        data=card.version,
        beats=made.judgement.beats,
        judgement={**asdict(made.judgement), "judges": judges},
    )


def _take_over(asked: Asked, made: Challenge, wait: float) -> dict[str, Any]:
    """Activate the challenger, then certify it on the panel items that had no part in choosing it:
    in between the gate sends everything to people."""
    desk, model = asked.desk, asked.champion.name
    if desk.active(model) != asked.champion.version:
        raise ChangedMeanwhile(
            f"{asked.champion.version} is no longer in force.", fix="Retrain again."
        )
    desk.try_out(made.challenger, model)
    shipped = desk.registry.shipped_version(model)
    activation = desk.activations.activate(
        model, made.challenger.version, shipped=shipped, actor=ACTOR
    )
    ended = awaited(desk, activation, wait)
    # Where it did not take over, the champion goes on, and its certificate with it.
    runs = ended.state in RUNS
    certificate = _certify(asked, made) if runs else None
    return {
        "state": ended.state,
        "reason": ended.reason or None,
        "certificate": certificate,
        "uncertified": runs and asked.policy.contract is not None and certificate is None,
    }


def _certify(asked: Asked, made: Challenge) -> str | None:
    """What the challenger is certified for; None where the labels are too few, or where an alarm
    has gone off meanwhile."""
    if made.sample is None or made.sample.scores.size < FEWEST_LABELS:
        return None
    from service.bootstrap.learning import certifier

    certify = certifier(asked.desk.store, asked.gates, SystemClock())
    asked.gates.load()
    policy = asked.gates.of(asked.policy.gate)
    if not _may_certify(policy):
        return None
    [issued, *_] = certify(
        policy,
        made.sample,
        None,
        source=made.challenger.version,
        actor=ACTOR,
        note="retrained",
    )
    return in_english(issued.certificate)


def _told(kept: Retraining, parts: Parts, logged: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "gate": kept.gate,
        "comparison": kept.number,
        "champion": kept.champion,
        "challenger": kept.challenger,
        "beats": kept.beats,
        "data": kept.data,
        "items": counts(parts),
        "judgement": dict(kept.judgement),
        "mlflow": logged,
    }
