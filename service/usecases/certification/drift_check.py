"""Watch: does what a certificate promised still hold, and is the review still what was agreed?

Every look computes everything anew from what is stored: panel labels since the first certificate of
a series (`series_of`) for the alarms on errors and for the controller, the newest items since the
last one for the alarms without labels. So it does not matter which process looks, how often, or
what it remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from service.confidence.calibrators import AnyCalibrator
from service.confidence.member_calibrator import read_calibrator
from service.confidence.members import rows_of
from service.domain.certificate import Promise, ReviewBounds, RiskContract
from service.domain.certificate_document import REFERENCE
from service.domain.gate import Certified, GatePolicy
from service.domain.ids import CertificateId
from service.domain.recorded import Period
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Transaction
from service.thresholds.controller import WINDOW, Controller, level_for, sureness
from service.thresholds.ecusum import ErrorAlarm
from service.thresholds.quality import JudgedLabel, judged
from service.thresholds.sample import Floats
from service.thresholds.shift import ITEMS_A_CHECK, Reference, Shift
from service.thresholds.watching import Audited, controlled, error_alarms
from service.usecases.certification.certificate_history import Series, series_of
from service.usecases.certification.workload import workload


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a look has found. `shift` is None until ITEMS_A_CHECK items have come since the
    certificate; `alarms` have seen the panel's `labels` since the first one of its series."""

    shift: Shift | None
    alarms: Mapping[Promise, ErrorAlarm]
    labels: int
    share: float
    """The share of items that the controller would decide by itself."""

    @property
    def cause(self) -> str | None:
        """What there is to be alarmed about, if anything."""
        for promise, alarm in self.alarms.items():
            if alarm.alarm:
                return f"labels say that {promise.value} are above their limit"
        if self.shift is not None and self.shift.alarm:
            return "the confidences are no longer those of the certificate's time"
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a look has found, and the newest items' confidences to turn shares into levels."""

    watch: Watch
    contract: RiskContract
    earned: Certified
    recent: Floats

    def level(self, share: float) -> float | None:
        """The sureness that at most this share of the newest items is above; None without items,
        or where the certificate asks as much by itself."""
        if self.recent.size == 0:
            return 1.0  # nothing is known of the items: decide none
        level = level_for(share, sureness(self.recent, self.contract))
        return None if self.automatic(level) == self.automatic(None) else level

    def automatic(self, level: float | None) -> float:
        """The share of the newest items that the gate decides by itself at this level."""
        rule = self.earned.thresholds
        rule = rule if level is None else rule.tightened(level)
        above = np.zeros(len(self.recent), bool) if rule.high is None else self.recent > rule.high
        below = np.zeros(len(self.recent), bool) if rule.low is None else self.recent <= rule.low
        return float((above | below).mean()) if self.recent.size else 0.0


def seen_of(tx: Transaction, policy: GatePolicy, now: datetime) -> Seen | None:
    """What a look at the gate finds; None where there is nothing certified to watch."""
    earned = policy.certified.get(None)
    if policy.contract is None or earned is None:
        return None
    certificate = tx.certificates.get(earned.certificate)
    if certificate is None:
        return None
    series = series_of(tx, policy, certificate)
    known = [
        label
        for label in tx.labels.of_panel(policy.gate)
        if label.source == earned.source and series.at(label.at) is not None
    ]
    audited = _audited(series, judged(known, tx.labels.shared(policy.gate)))
    recent = _recent(tx, policy, earned, certificate.created_at)
    items = tx.recorded.count(policy.gate, certificate.created_at)
    review = _bounds(tx, policy, policy.contract, now)
    return _look(policy.contract, earned, certificate, audited, recent, items, review)


def _bounds(
    tx: Transaction, policy: GatePolicy, contract: RiskContract, now: datetime
) -> ReviewBounds:
    """The bounds on review: the contract's, and what people can do in a day."""
    if contract.reviews_a_day is None:
        return contract.review
    asked = workload(tx, policy, now)
    return asked.within(contract.review) if asked else contract.review


def _look(
    contract: RiskContract,
    earned: Certified,
    certificate: StoredCertificate,
    audited: Sequence[Audited],
    recent: Floats,
    items: int,
    review: ReviewBounds,
) -> Seen:
    seen = Seen(
        watch=Watch(shift=None, alarms={}, labels=0, share=0.0),
        contract=contract,
        earned=earned,
        recent=recent,
    )
    start = Controller.starting_at(seen.automatic(None), review)
    watch = Watch(
        shift=_shift(certificate, recent, items),
        alarms=error_alarms(contract, audited),
        labels=len(audited),
        share=controlled(start, contract, audited).share,
    )
    return replace(seen, watch=watch)


def _audited(series: Series, labels: Iterable[JudgedLabel]) -> list[Audited]:
    """The labels, oldest first, each under what was in force when it came."""
    calibrators: dict[CertificateId, AnyCalibrator] = {}
    found = []
    for label in sorted(labels, key=lambda label: (label.at, label.decision_id)):
        in_force = series.at(label.at) or {}
        earned = in_force.get(label.category) or in_force[None]
        if earned.certificate not in calibrators:
            calibrators[earned.certificate] = read_calibrator(earned.calibrator)
        confidence = calibrators[earned.certificate](label.raw_score, label.spread)
        found.append(
            Audited(
                zone=earned.thresholds.zone(confidence)[0],
                right=label.right,
                doubted=label.doubted,
            )
        )
    return found


def _shift(certificate: StoredCertificate, recent: Floats, items: int) -> Shift | None:
    """How far the last full check's items lie from those that the certificate rests on.

    Checks follow each other end to end: looking at every new item's own last thousand would be as
    many chances of a false alarm as there are items.
    """
    reference = certificate.document.get(REFERENCE)
    begun = items % ITEMS_A_CHECK
    last = recent[begun : begun + ITEMS_A_CHECK]
    if reference is None or len(last) < ITEMS_A_CHECK:
        return None
    return Reference.of(reference["confidence"], items=int(reference["items"])).check(last)


def _recent(tx: Transaction, policy: GatePolicy, earned: Certified, since: datetime) -> Floats:
    """The confidences, newest first, of the newest items since the certificate, WINDOW at most."""
    calibrator = read_calibrator(earned.calibrator)
    found = [
        (raw, spread)
        for items in tx.recorded.stream(Period(gate=policy.gate, since=since, limit=WINDOW))
        for raw, spread, source in zip(items.raw_scores, items.spreads, items.sources, strict=True)
        if raw is not None and source == earned.source
    ]
    if not found:
        return np.zeros(0)
    spreads = [spread for _, spread in found if spread is not None]
    rows = rows_of(spreads) if len(spreads) == len(found) else None
    return calibrator.many([raw for raw, _ in found], rows)
