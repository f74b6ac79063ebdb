"""A gate at work on a made-up stream: what the service does with its store, done in memory.

Which thresholds and panel share are in force, when an alarm goes off, what follows from it and when
the gate certifies again: all of it is the service's own code. Only the store, and the people who
answer, are made up.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from experiments.synthetic import Floats, Items
from service.confidence.member_calibrator import read_calibrator
from service.domain.adaptation import Mode
from service.domain.certificate import RiskContract
from service.domain.decision import Thresholds
from service.domain.gate import Certified, GatePolicy, PanelRules
from service.domain.ids import CertificateId, GateName
from service.thresholds.certify import certify
from service.thresholds.controller import WINDOW
from service.thresholds.safety.labels import GROWTH, counts, labels_to_certify
from service.thresholds.safety.look import Recent, look
from service.thresholds.safety.transitions import certified, plan
from service.thresholds.safety.watching import Audited
from service.thresholds.sample import Sample
from service.thresholds.shift import Reference

ITEM = timedelta(seconds=1)
LOOK_EVERY = 500
"""Items between two looks at the gate, each of which reads all labels anew."""

type Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a person said of an item of the panel."""

    score: float
    right: bool
    at: datetime


class Ours:
    """Certificate, controller, alarms, safe mode, certificate again.

    It starts on a certificate from a labelled file. With a `panel` of 0 nobody tells it of an
    automatic answer that was wrong, until an alarm on the confidences draws a panel.
    """

    def __init__(
        self,
        calibration: Items,
        contract: RiskContract,
        chance: np.random.Generator,
        *,
        panel: float,
        rate: float,
    ) -> None:
        self._contract, self._chance, self._rate = contract, chance, rate
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._policy = GatePolicy(
            gate=GateName("stream"),
            version=1,
            scorer="signals",
            labels=("good", "bad"),
            approve_labels=("good",),
            contract=contract,
            panel=PanelRules(share=panel),
        )
        self._answers: list[Answer] = []
        self._audited: list[Audited] = []
        self._drawn = np.empty(0, dtype=np.bool_)
        self._recent: Floats
        self._items: int
        self.alarms = self.infeasible_items = 0
        self._certify(Sample.of(calibration.scores, calibration.labels))

    def decide(self, scores: Floats) -> tuple[Flags, Flags, Flags]:
        approved, rejected = zones(
            self._policy.rule_for(None).thresholds, self._calibrator.many(scores)
        )
        self._drawn = self._chance.random(scores.size) < self._policy.panel_share
        if self._policy.mode is Mode.INFEASIBLE:
            self.infeasible_items += scores.size
        return approved, rejected, ~(approved | rejected) | self._drawn

    def learn(self, scores: Floats, labels: Flags, approved: Flags, rejected: Flags) -> None:
        del approved, rejected  # labels are held against what is certified, not what was decided
        self._now += scores.size * ITEM
        self._items += scores.size
        confidence = self._calibrator.many(scores)
        self._recent = np.concatenate([confidence[::-1], self._recent])[:WINDOW]
        earned = self._policy.certified[None].thresholds
        for place in np.flatnonzero(self._drawn):
            right = bool(labels[place])
            self._answers.append(Answer(score=float(scores[place]), right=right, at=self._now))
            zone, _ = earned.zone(float(confidence[place]))
            self._audited.append(Audited(zone=zone, right=right))
        if self._items % LOOK_EVERY == 0:
            self._watch()
            self._certify_again()

    def _watch(self) -> None:
        """As `Watcher.look_at` does."""
        recent = Recent(
            contract=self._contract,
            certified=self._policy.certified[None].thresholds,
            confidence=self._recent,
        )
        seen = look(
            recent,
            self._audited,
            reference=self._reference,
            items=self._items,
            review=self._contract.review,
            rate=self._rate,
        )
        adapted = plan(self._policy.adapted, seen, self._now)
        if adapted is not None:
            self.alarms += adapted.mode is Mode.SAFE
            self._policy = replace(self._policy, adapted=adapted)

    def _certify_again(self) -> None:
        """As `Learner.look_at` does."""
        adapted = self._policy.adapted
        answers = [answer for answer in self._answers if counts(adapted, answer.at)]
        if len(answers) >= labels_to_certify(adapted, self._rests_on, GROWTH):
            scores, labels = zip(*((answer.score, answer.right) for answer in answers), strict=True)
            self._certify(Sample.of(scores, labels))

    def _certify(self, sample: Sample) -> None:
        """As `CertifyGate` does."""
        certificate = certify(sample, self._contract)
        if self._policy.mode is Mode.SAFE:  # the series of certificates ended with the alarm
            self._audited.clear()
        self._policy = replace(
            self._policy,
            adapted=certified(self._policy.adapted, certificate, sample, self._now),
            certified={
                None: Certified(
                    certificate=CertificateId(certificate.sample_sha256),
                    source="signal:score",
                    thresholds=certificate.thresholds,
                    calibrator=certificate.calibrator,
                )
            },
        )
        self._rests_on = certificate.labels
        self._calibrator = read_calibrator(certificate.calibrator)
        whole = Reference.of(self._calibrator.many(sample.scores))
        self._reference = Reference.of(whole.quantiles(), whole.items)  # as a certificate keeps it
        self._recent, self._items = np.empty(0), 0


def zones(thresholds: Thresholds, c: Floats) -> tuple[Flags, Flags]:
    """What the gate's rule approves and what it rejects."""
    high = np.inf if thresholds.high is None else thresholds.high
    low = -np.inf if thresholds.low is None else thresholds.low
    return c > high, c <= low
