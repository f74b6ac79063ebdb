"""Watch: does what a certificate promised still hold, and is the review still what was agreed?

Every look computes everything anew from what is stored: panel labels since the first certificate of
a series (`series_of`) for the alarms on errors and for the controller, the newest items since the
last one for the alarms without labels. So it does not matter which process looks, how often, or
what it remembered. What follows is another policy version with its cause, never a hidden state; and
it is only ever stricter than the certificate.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import structlog

from service.confidence.calibrators import AnyCalibrator
from service.confidence.member_calibrator import read_calibrator
from service.confidence.members import rows_of
from service.domain.adaptation import Adapted, Mode
from service.domain.certificate import Promise, ReviewBounds, RiskContract
from service.domain.certificate_document import REFERENCE
from service.domain.change import Cause, Change
from service.domain.errors import ChangedMeanwhile
from service.domain.gate import Certified, GatePolicy
from service.domain.ids import CertificateId
from service.domain.recorded import Period
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.meter import Meter
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Store, Transaction
from service.thresholds.controller import WINDOW, Controller, level_for, sureness
from service.thresholds.ecusum import ErrorAlarm
from service.thresholds.quality import JudgedLabel, judged
from service.thresholds.sample import Floats
from service.thresholds.shift import ITEMS_A_CHECK, Reference, Shift
from service.thresholds.standing import SAFE_PANEL
from service.thresholds.watching import Audited, controlled, error_alarms
from service.thresholds.workload import Workload
from service.usecases.gate_book import GateBook
from service.usecases.gate_versions import succeed
from service.usecases.series import Series, series_of
from service.usecases.workload import workload

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 10.0
WORTH_A_VERSION = 0.02
"""The share of items that another level must move before a version is made of it: the controller
moves at every label, and a history of every label says nothing."""
BY_WATCHING = "watcher"


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


class Watcher:
    def __init__(
        self, *, store: Store, gates: GateBook, bus: Bus, clock: Clock, meter: Meter
    ) -> None:
        self._store = store
        self._gates = gates
        self._bus = bus
        self._clock = clock
        self._meter = meter
        self._overloaded: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Look at every gate now and then, until told to stop."""
        while not stop.wait(LOOK_EVERY_SECONDS):
            for policy in self._gates.offered():
                for look in (self.look_at, self.weigh):  # errors before workloads
                    try:
                        look(policy)
                    except ChangedMeanwhile:  # somebody was faster: look again at what they made
                        continue
                    except Exception:  # one gate's trouble is not the others'
                        log.exception("watching.failed", gate=policy.gate)

    def look_at(self, policy: GatePolicy) -> Adapted | None:
        """Look at the gate and adapt it where that is called for. Returns what it was made to do,
        None where it stays as it is. Raises ChangedMeanwhile."""
        with self._store.reading() as tx:
            seen = self._seen(tx, policy)
        if seen is None:
            return None
        wanted = self._wanted(policy, seen)
        if wanted is None:
            return None
        self._put(policy, wanted)
        return wanted

    def workload(self, policy: GatePolicy) -> Workload | None:
        """What the gate asks of people in a day; None where it is not known yet."""
        with self._store.reading() as tx:
            return workload(tx, policy, self._clock.now())

    def weigh(self, policy: GatePolicy) -> None:
        """Measure what the gate asks of people, and say it loudly where they cannot do so much.

        Nothing is approved for that beyond what is proven: who reviews, or what is promised, is
        for people to change.
        """
        if policy.contract is None or policy.contract.reviews_a_day is None:
            return
        found = self.workload(policy)
        if found is None or found.capacity is None:
            return
        self._meter.asked_of_people(policy.gate, found.reviews_a_day / found.capacity)
        if found.exceeded and policy.gate not in self._overloaded:
            log.error(
                "gate.overloaded",
                gate=policy.gate,
                reviews_a_day=round(found.reviews_a_day),
                capacity=found.capacity,
            )
        (self._overloaded.add if found.exceeded else self._overloaded.discard)(policy.gate)

    def watch(self, policy: GatePolicy) -> Watch | None:
        """What watching the gate finds now; None where there is nothing certified to watch."""
        with self._store.reading() as tx:
            seen = self._seen(tx, policy)
        return None if seen is None else seen.watch

    def _seen(self, tx: Transaction, policy: GatePolicy) -> "_Seen | None":
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
        review = self._bounds(tx, policy, policy.contract)
        return _look(policy.contract, earned, certificate, audited, recent, items, review)

    def _bounds(self, tx: Transaction, policy: GatePolicy, contract: RiskContract) -> ReviewBounds:
        """The bounds on review: the contract's, and what people can do in a day."""
        if contract.reviews_a_day is None:
            return contract.review
        asked = workload(tx, policy, self._clock.now())
        return asked.within(contract.review) if asked else contract.review

    def _wanted(self, policy: GatePolicy, seen: "_Seen") -> Adapted | None:
        now = self._clock.now()
        known = policy.adapted or Adapted(mode=Mode.LEARNING, cause="new", since=now)
        cause = seen.watch.cause
        if cause is not None and known.mode in (Mode.LEARNING, Mode.OPEN):
            return Adapted(
                mode=Mode.SAFE,
                cause=cause,
                since=now,
                level=seen.level(1 - seen.contract.review.max),
                panel_share=SAFE_PANEL,
                labels_since=now,
            )
        if known.mode is not Mode.OPEN or len(seen.recent) < WINDOW:
            return None
        level = seen.level(seen.watch.share)
        moved = abs(seen.automatic(level) - seen.automatic(known.level))
        if moved < WORTH_A_VERSION:
            return None
        return replace(known, level=level, cause="following the errors and the bounds on review")

    def _put(self, policy: GatePolicy, adapted: Adapted) -> None:
        change = Change(cause=Cause.ADAPTATION, actor=BY_WATCHING, note=adapted.cause)
        with self._store.transaction() as tx:
            made = succeed(
                tx,
                replace(policy, adapted=adapted),
                over=policy.version,
                change=change,
                now=self._clock.now(),
            )
        self._gates.load()
        self._bus.publish(Event(topic="gate", key=policy.gate, what="gate.adapted"))
        self._meter.adapted(policy.gate, adapted.mode.value)
        tell = log.error if adapted.mode is Mode.SAFE else log.info
        tell(
            "gate.adapted",
            gate=policy.gate,
            version=made.version,
            mode=adapted.mode.value,
            cause=adapted.cause,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
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


def _look(
    contract: RiskContract,
    earned: Certified,
    certificate: StoredCertificate,
    audited: Sequence[Audited],
    recent: Floats,
    items: int,
    review: ReviewBounds,
) -> _Seen:
    seen = _Seen(
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
