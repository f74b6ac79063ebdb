"""The certificates of one promise that followed each other, and which of them was in force when.

Another certificate is no reason to forget what went wrong under the one before: a gate that is
certified every day would never show an alarm more than a day's labels.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from service.domain.change import Cause
from service.domain.gate import Certified, GatePolicy
from service.ports.repositories.certificates import StoredCertificate
from service.ports.store import Transaction
from service.usecases.gates.policy_versions import earns_alike, policy_from

type Earned = Mapping[str | None, Certified]


@dataclass(frozen=True, kw_only=True)
class Series:
    """What was `earned` from each of these moments on, oldest first; the last is in force."""

    moments: tuple[datetime, ...]
    earned: tuple[Earned, ...]

    def at(self, moment: datetime) -> Earned | None:
        """What was in force just before that moment; None before the first certificate. So no
        label is ever held against a certificate that it is part of."""
        place = bisect_left(self.moments, moment)
        return self.earned[place - 1] if place else None


def series_of(tx: Transaction, policy: GatePolicy, certificate: StoredCertificate) -> Series:
    """The series that ends with the certificate in force: the same promises and source, and no
    alarm in between, for the labels from before one no longer count."""
    stored = tx.policies.all_of(policy.gate, cause=Cause.CERTIFICATE)
    found = [(one.created_at, policy_from(one)) for one in reversed(stored)]
    ours = next((one for _, one in found if _id(one) == certificate.id), None)
    before = [
        (moment, one.certified)
        for moment, one in found
        if ours is not None
        and one.version < ours.version
        and earns_alike(one, ours)
        and (_source(one), _after(one)) == (_source(ours), _after(ours))
    ]
    return Series(
        moments=(*(moment for moment, _ in before), certificate.created_at),
        earned=(*(earned for _, earned in before), policy.certified),
    )


def _id(policy: GatePolicy) -> str | None:
    earned = policy.certified.get(None)
    return earned.certificate if earned else None


def _source(policy: GatePolicy) -> str | None:
    earned = policy.certified.get(None)
    return earned.source if earned else None


def _after(policy: GatePolicy) -> datetime | None:
    return policy.adapted.labels_since if policy.adapted else None
