"""Certify: from labels to thresholds that a gate may use, with the proof kept beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from service.confidence.member_calibrator import read_calibrator
from service.domain.certificate import Certificate, RiskContract
from service.domain.certificate_document import REFERENCE, certificate_document
from service.domain.change import Cause, Change
from service.domain.errors import InvalidInput
from service.domain.gate import CLOSED, Certified, GatePolicy
from service.domain.ids import CertificateId
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Store, Transaction
from service.thresholds.categories import Certificates, certify_categories
from service.thresholds.safety.transitions import certified
from service.thresholds.sample import Sample
from service.thresholds.shift import Reference
from service.usecases.gates.policy_cache import GateBook
from service.usecases.gates.policy_versions import succeed
from service.usecases.shared.audit_events.gates import draft_of_certificate
from service.usecases.shared.idempotency import IdempotentRequest, once
from service.usecases.shared.new_ids import new_certificate_id

log = structlog.get_logger()

ON_DEMAND = "on demand"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate, and the id that policies point to it by."""

    certificate: Certificate
    id: CertificateId


@dataclass(frozen=True, kw_only=True)
class Put:
    """The version that certificates put in force."""

    policy: GatePolicy
    issued: tuple[Issued, ...]
    at: datetime


class CertifyGate:
    """`in_words` says in the log what was certified."""

    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        bus: Bus,
        clock: Clock,
        in_words: Callable[[Certificate], str],
    ) -> None:
        self._store = store
        self._gates = gates
        self._bus = bus
        self._clock = clock
        self._in_words = in_words

    def __call__(
        self,
        policy: GatePolicy,
        sample: Sample,
        contract: RiskContract | None,
        *,
        source: str,
        actor: str,
        note: str = "",
        request: IdempotentRequest[Put] | None = None,
    ) -> Put:
        """Certify the gate on the sample, whose scores come from `source`, and put a version in
        force that stands on the result.

        Without `contract` the gate's own is kept; raises InvalidInput where it has none, or has
        several scorers, and ChangedMeanwhile where `policy` is no longer the newest version. What
        is not proven is closed: the gate then reviews, with the reason `uncertified`.
        """
        proven = _proven(policy, sample, contract, source)
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            put = answered(self._put(tx, policy, sample, proven, actor, note))
        self._tell(put)
        return put

    def _put(
        self,
        tx: Transaction,
        policy: GatePolicy,
        sample: Sample,
        proven: "_Proven",
        actor: str,
        note: str,
    ) -> Put:
        now = self._clock.now()
        adapted = certified(policy.adapted, proven.issued[0].certificate, sample, now)
        earned = replace(policy, contract=proven.contract, certified=proven.earned, adapted=adapted)
        change = Change(cause=Cause.CERTIFICATE, actor=actor, note=note)
        made = succeed(tx, earned, over=policy.version, change=change, now=now)
        _keep(tx, policy, proven.issued, sample, actor=actor, now=now)
        return Put(policy=made, issued=proven.issued, at=now)

    def _tell(self, put: Put) -> None:
        gate = put.policy.gate
        self._gates.load()
        self._bus.publish(Event(topic="gate", key=gate, what="gate.certified"))
        log.info(
            "gate.certified",
            gate=gate,
            version=put.policy.version,
            said=self._in_words(put.issued[0].certificate),
        )


@dataclass(frozen=True, kw_only=True)
class _Proven:
    """What a sample proves of a contract, before it is in force."""

    contract: RiskContract
    issued: tuple[Issued, ...]
    earned: Mapping[str | None, Certified]


def _proven(
    policy: GatePolicy, sample: Sample, contract: RiskContract | None, source: str
) -> _Proven:
    contract = contract or policy.contract
    if contract is None:
        raise InvalidInput(
            f"The gate {policy.gate!r} has fixed thresholds and no contract to keep.",
            fix="Say which error can be borne, for instance --target per_side"
            " --alpha-approve 0.01 --alpha-reject 0.02.",
        )
    demand_one_scorer(policy)
    issued, earned = prove(sample, contract, source)
    return _Proven(contract=contract, issued=tuple(issued), earned=earned)


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
    """What each scope may do: its own certificate's thresholds. A category that inherits may do
    what the gate may, unless its own labels speak against that: then it is closed."""
    earned = {
        one.certificate.scope: Certified(
            certificate=one.id,
            source=source,
            thresholds=one.certificate.thresholds,
            calibrator=one.certificate.calibrator,
        )
        for one in issued
    }
    whole = earned[None]
    inherited = {
        name: replace(whole, thresholds=CLOSED) if one.doubted else whole
        for name, one in found.inherited.items()
    }
    return earned | inherited


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
        stored = StoredCertificate(id=one.id, gate=policy.gate, created_at=now, document=document)
        tx.certificates.add(stored)
        tx.audit.append([draft_of_certificate(stored, actor)])


def _reference(certificate: Certificate, sample: Sample) -> dict[str, Any]:
    """The confidences that the certificate rests on, for alarms to hold later ones against."""
    confidence = read_calibrator(certificate.calibrator).many(sample.scores, sample.spreads)
    reference = Reference.of(confidence)
    return {"items": reference.items, "confidence": reference.quantiles()}
