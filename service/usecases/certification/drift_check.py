"""Watch: does what a certificate promised still hold, and is the review still what was agreed?

Every look computes everything anew from what is stored: panel labels since the first certificate of
a series (`series_of`) for the alarms on errors and for the controller, the newest items since the
last one for the alarms without labels. So it does not matter which process looks, how often, or
what it remembered.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import numpy as np

from service.confidence.calibrators import AnyCalibrator
from service.confidence.member_calibrator import read_calibrator
from service.confidence.members import rows_of
from service.domain.certificate import ReviewBounds, RiskContract
from service.domain.certificate_document import REFERENCE
from service.domain.gate import CLOSED, Certified, GatePolicy
from service.domain.ids import CertificateId
from service.domain.recorded import Period
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Transaction
from service.thresholds.controller import WINDOW
from service.thresholds.quality import JudgedLabel, judged
from service.thresholds.safety.look import Recent, Seen, look
from service.thresholds.safety.watching import Audited
from service.thresholds.sample import Floats
from service.thresholds.shift import Reference
from service.usecases.certification.certificate_history import Series, series_of
from service.usecases.certification.workload import workload


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
    audited = _audited(policy, series, judged(known, tx.labels.shared(policy.gate)))
    recent = Recent(
        contract=policy.contract,
        certified=earned.thresholds,
        confidence=_recent(tx, policy, earned, certificate.created_at),
    )
    return look(
        recent,
        audited,
        reference=_reference(certificate),
        items=tx.recorded.count(policy.gate, certificate.created_at),
        review=_bounds(tx, policy, policy.contract, now),
    )


def _bounds(
    tx: Transaction, policy: GatePolicy, contract: RiskContract, now: datetime
) -> ReviewBounds:
    """The bounds on review: the contract's, and what people can do in a day."""
    if contract.reviews_a_day is None:
        return contract.review
    asked = workload(tx, policy, now)
    return asked.within(contract.review) if asked else contract.review


def _audited(policy: GatePolicy, series: Series, labels: Iterable[JudgedLabel]) -> list[Audited]:
    """The labels, oldest first, each under what was in force when it came. People decide on a
    category that was not known then."""
    calibrators: dict[CertificateId, AnyCalibrator] = {}
    found = []
    for label in sorted(labels, key=lambda label: (label.at, label.decision_id)):
        in_force = series.at(label.at) or {}
        name = policy.category_named(label.category)
        earned = in_force.get(name) or in_force[None]
        known = name in in_force or replace(policy, certified=in_force).admits(name)
        if earned.certificate not in calibrators:
            calibrators[earned.certificate] = read_calibrator(earned.calibrator)
        confidence = calibrators[earned.certificate](label.raw_score, label.spread)
        found.append(
            Audited(
                zone=(earned.thresholds if known else CLOSED).zone(confidence)[0],
                right=label.right,
                doubted=label.doubted,
            )
        )
    return found


def _reference(certificate: StoredCertificate) -> Reference | None:
    """The confidences that the certificate rests on, where it keeps them."""
    kept = certificate.document.get(REFERENCE)
    if kept is None:
        return None
    return Reference.of(kept["confidence"], items=int(kept["items"]))


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
