"""What retrains the model of a gate: from the labels in the store, judged by the gate's panel."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.bootstrap.adapters import make_scorer
from service.bootstrap.commands import certify_gate
from service.bootstrap.installation import Installation
from service.bootstrap.model_desk import ModelDesk, model_desk
from service.bootstrap.usecases import build_data_set
from service.domain.adaptation import Mode
from service.domain.canonical import canonical
from service.domain.certificate import Certificate
from service.domain.errors import ChangedMeanwhile, InvalidInput
from service.domain.gate import GatePolicy
from service.domain.guard import Redaction
from service.domain.model import Activation
from service.domain.retraining import Retraining
from service.registry.sources import FolderSource
from service.retraining.challenge import Challenge, challenge
from service.retraining.judging import level_of
from service.retraining.lessons import Lessons, Parts
from service.scoring.bundle import Bundle
from service.scoring.readers import make_reader
from service.thresholds.quality import judged
from service.thresholds.safety.labels import FEWEST_LABELS
from service.usecases.certification.certify import demand_one_scorer
from service.usecases.data.data_set import Card
from service.usecases.models.retraining_log import Retrainings


@dataclass(frozen=True, eq=False, kw_only=True)
class Retrained:
    """The labels, what was made of them and how the panel judged it, and what is kept of that."""

    card: Card
    parts: Parts
    challenge: Challenge
    kept: Retraining

    @property
    def items(self) -> dict[str, Any]:
        """How many items each part has."""
        return _counts(self.parts)


@dataclass(frozen=True, kw_only=True)
class Retrainer:
    """Makes challengers of the bundle that judges for a gate."""

    installation: Installation
    desk: ModelDesk
    policy: GatePolicy
    champion: Bundle
    actor: str

    def retrain(self, folder: Path, tell: Callable[[str], object]) -> Retrained:
        """Make a challenger in `folder`. A better one becomes a version of the model."""
        store, clock = self.desk.store, self.installation.clock
        card, parts = self._lessons()
        history = Retrainings(store=store, clock=clock)
        judges = _judges(self.policy, parts)
        number = history.comparison(self.policy.gate, self.champion.version, card.version, judges)
        made = self._challenge(card, parts, number, folder, tell)
        kept = history.keep(
            Retraining(
                gate=self.policy.gate,
                number=number,
                at=clock.now(),
                actor=self.actor,
                champion=self.champion.version,
                challenger=made.challenger.version,
                data=card.version,
                beats=made.judgement.beats,
                judgement={**asdict(made.judgement), "judges": judges},
            )
        )
        if kept.beats:
            self.desk.registry.add(FolderSource(folder), self.desk.run_once)
        return Retrained(card=card, parts=parts, challenge=made, kept=kept)

    def activate(self, challenger: Bundle) -> Activation:
        """Put the challenger in force. Raises ChangedMeanwhile where the champion no longer is."""
        model = self.champion.name
        if self.desk.active(model) != self.champion.version:
            raise ChangedMeanwhile(
                f"{self.champion.version} is no longer in force.", fix="Retrain again."
            )
        self.desk.try_out(challenger, model)
        shipped = self.desk.registry.shipped_version(model)
        return self.desk.activations.activate(
            model, challenger.version, shipped=shipped, actor=self.actor
        )

    def certify(self, made: Challenge) -> Certificate | None:
        """Certify the challenger on the panel items that had no part in choosing it. None where
        these are too few, or where an alarm has gone off meanwhile."""
        if made.sample is None or made.sample.scores.size < FEWEST_LABELS:
            return None
        certify = certify_gate(self.installation)
        self.installation.gates.load()
        policy = self.installation.gates.of(self.policy.gate)
        if not _may_certify(policy):
            return None
        put = certify(
            policy,
            made.sample,
            None,
            source=made.challenger.version,
            actor=self.actor,
            note="retrained",
        )
        return put.issued[0].certificate

    def _lessons(self) -> tuple[Card, Parts]:
        """The data set as it is, and its parts."""
        gate = self.policy.gate
        with self.desk.store.reading() as tx:
            borne_out = judged(tx.labels.of_panel(gate), tx.labels.shared(gate))
        lessons = Lessons(
            reads=make_reader(self.champion).reads,
            since=self.policy.adapted.labels_since if self.policy.adapted else None,
            borne_out={label.decision_id: label for label in borne_out},
        )
        data = build_data_set(self.installation)
        card = data.read(self.policy, None, lambda one, _: lessons.add(one))
        with self.desk.store.reading() as tx:
            for decision in tx.decisions.get_many(lessons.missing).values():
                lessons.add_unsettled(decision)
        return card, lessons.parts(certify=_may_certify(self.policy))

    def _challenge(
        self, card: Card, parts: Parts, number: int, folder: Path, tell: Callable[[str], object]
    ) -> Challenge:
        return challenge(
            self.champion,
            self.policy,
            parts,
            level=level_of(number),
            open_scorer=lambda bundle: make_scorer(self.desk.settings, bundle),
            folder=folder,
            about={
                "gate": self.policy.gate,
                "data": card.version,
                "data_sha256": card.document()["sha256"],
                "cut": parts.cut.isoformat(),
                "items": _counts(parts),
            },
            tell=tell,
        )


def retrainer_of(installation: Installation, policy: GatePolicy, *, actor: str) -> Retrainer:
    """Raises InvalidInput where no one bundle judges for the gate."""
    demand_one_scorer(policy)
    if policy.scorer not in installation.shelf.bundles:
        raise InvalidInput(
            f"The gate {policy.gate!r} is judged by {policy.scorer!r}, which has no bundle.",
            fix="Retrain what gives the scores where it lives.",
        )
    return Retrainer(
        installation=installation,
        desk=model_desk(installation.settings, installation.store),
        policy=policy,
        champion=installation.shelf.bundles[policy.scorer],
        actor=actor,
    )


def _may_certify(policy: GatePolicy) -> bool:
    """Whether panel items may certify the challenger at once. Not where the store has other texts
    than the model reads, nor after an alarm, when it is for new labels to say how things are."""
    safe = policy.adapted is not None and policy.adapted.mode is Mode.SAFE
    whole = policy.guards.redaction is not Redaction.STORAGE
    return policy.contract is not None and whole and not safe


def _judges(policy: GatePolicy, parts: Parts) -> str:
    """What the judgement rests on besides the data set: which panel items, with what labels, and
    the calibrators that the champion has in force."""
    found: dict[str, Any] = {
        "items": [[one.decision_id, one.right] for one in parts.judge],
        "calibrators": [
            [category or "", earned.source, dict(earned.calibrator)]
            for category, earned in policy.certified.items()
        ],
    }
    return hashlib.sha256(canonical(found)).hexdigest()[:12]


def _counts(parts: Parts) -> dict[str, Any]:
    return {
        "train": len(parts.train),
        "tune": len(parts.tune),
        "judge": len(parts.judge),
        "certify": len(parts.certify),
        "twins": parts.twins,
    }
