"""Certify: from labels to thresholds that a gate may use, with the proof kept beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from service.confidence.member_calibrator import read_calibrator
from service.domain.adaptation import Adapted, Mode
from service.domain.audit import AuditDraft
from service.domain.certificate import Certificate, RiskContract
from service.domain.certificate_document import REFERENCE, certificate_document
from service.domain.certificate_words import in_english
from service.domain.change import Cause, Change
from service.domain.errors import InvalidInput
from service.domain.gate import CLOSED, Certified, GatePolicy
from service.domain.ids import CertificateId, new_certificate_id
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.store import Store, StoredCertificate, Transaction
from service.thresholds.categories import Certificates, certify_categories
from service.thresholds.sample import Sample
from service.thresholds.shift import Reference
from service.thresholds.standing import LABELS_TO_CERTIFY_AGAIN, Standing, certified
from service.usecases.gate_book import GateBook
from service.usecases.gate_versions import succeed

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate, and the id that policies point to it by."""

    certificate: Certificate
    id: CertificateId


class CertifyGate:
    def __init__(self, *, store: Store, gates: GateBook, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._bus = bus
        self._clock = clock

    def __call__(
        self,
        policy: GatePolicy,
        sample: Sample,
        contract: RiskContract | None,
        *,
        source: str,
        actor: str,
    ) -> list[Issued]:
        """Certify the gate on the sample, whose scores come from `source`, and put a version in
        force that stands on the result.

        Without `contract` the gate's own is kept; raises InvalidInput where it has none, or has
        several scorers, and ChangedMeanwhile where `policy` is no longer the newest version. What
        is not proven is closed: the gate then reviews, with the reason `uncertified`.
        """
        contract = contract or policy.contract
        if contract is None:
            raise InvalidInput(
                f"The gate {policy.gate!r} has fixed thresholds and no contract to keep.",
                fix="Say which error can be borne, for instance --target per_side"
                " --alpha-approve 0.01 --alpha-reject 0.02.",
            )
        demand_one_scorer(policy)
        issued, earned = prove(sample, contract, source)
        now = self._clock.now()
        with self._store.transaction() as tx:
            written = replace(policy, contract=contract)
            made = succeed(
                tx,
                replace(
                    written, certified=earned, adapted=_adapted(policy, issued[0], sample, now)
                ),
                over=policy.version,
                change=Change(cause=Cause.CERTIFICATE, actor=actor),
                now=now,
            )
            _keep(tx, policy, issued, sample, actor=actor, now=now)
        self._gates.load()
        self._bus.publish(Event(topic="gate", key=policy.gate, what="gate.certified"))
        log.info(
            "gate.certified",
            gate=policy.gate,
            version=made.version,
            said=in_english(issued[0].certificate),
        )
        return issued


def _adapted(policy: GatePolicy, issued: Issued, sample: Sample, now: datetime) -> Adapted:
    """Where the certificate leaves the gate. Whatever watching had made stricter begins anew; that
    labels from before an alarm no longer count stays."""
    known = policy.adapted
    # Whoever certifies, by command or after enough labels, has settled that they are enough.
    mode, cause = (known.mode, known.cause) if known else (Mode.LEARNING, "new")
    before = Standing(mode=mode, cause=cause, labels=LABELS_TO_CERTIFY_AGAIN)
    after = certified(before, issued.certificate, sample)
    return Adapted(
        mode=after.mode,
        cause=after.cause,
        since=now,
        labels_since=known.labels_since if known else None,
    )


def prove(
    sample: Sample, contract: RiskContract, source: str
) -> tuple[list[Issued], Mapping[str | None, Certified]]:
    """The certificates that the sample supports, and what each scope may do under them."""
    found = certify_categories(sample, contract)
    issued = [
        Issued(certificate=one, id=new_certificate_id())
        for one in (found.gate, *found.own.values())
    ]
    return issued, _earned(issued, found, source)


def demand_one_scorer(policy: GatePolicy) -> None:
    """Raises InvalidInput where a gate's scores are of several scales: a certificate is for one."""
    if len(policy.scorers) > 1:
        raise InvalidInput(
            f"The gate {policy.gate!r} has a scorer for each language, and a certificate is for"
            " the scores of one.",
            fix="Make a gate for each language, and certify these.",
        )


def _earned(
    issued: Sequence[Issued], found: Certificates, source: str
) -> Mapping[str | None, Certified]:
    """What each scope may do: its own certificate's thresholds. A category that inherits has no
    entry, unless its own labels speak against what it would inherit: that one is closed."""
    earned = {
        one.certificate.scope: Certified(
            certificate=one.id,
            source=source,
            thresholds=one.certificate.thresholds,
            calibrator=one.certificate.calibrator,
        )
        for one in issued
    }
    doubted = {
        name: replace(earned[None], thresholds=CLOSED)
        for name, inherited in found.inherited.items()
        if inherited.doubted
    }
    return earned | doubted


def _keep(
    tx: Transaction,
    policy: GatePolicy,
    issued: Sequence[Issued],
    sample: Sample,
    *,
    actor: str,
    now: datetime,
) -> None:
    for one in issued:
        document = certificate_document(one.certificate)
        if one.certificate.scope is None:
            document[REFERENCE] = _reference(one.certificate, sample)
        tx.certificates.add(
            StoredCertificate(id=one.id, gate=policy.gate, created_at=now, document=document)
        )
        tx.audit.append(
            [
                AuditDraft(
                    at=now,
                    kind="certificate.issued",
                    subject=one.id,
                    actor=actor,
                    payload={"gate": policy.gate, "certificate": document},
                )
            ]
        )


def _reference(certificate: Certificate, sample: Sample) -> dict[str, Any]:
    """The confidences that the certificate rests on, for alarms to hold later ones against."""
    confidence = read_calibrator(certificate.calibrator).many(sample.scores, sample.spreads)
    reference = Reference.of(confidence)
    return {"items": reference.items, "confidence": reference.quantiles()}
