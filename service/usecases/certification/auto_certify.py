"""Certify gates again as the labels come in."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from service.confidence.members import rows_of
from service.domain.access import Principal, Scope
from service.domain.adaptation import Mode
from service.domain.errors import TooFewLabels
from service.domain.gate import GatePolicy
from service.domain.label import Label
from service.ports.store import Store
from service.thresholds.outlook import Outlook, labels_needed
from service.thresholds.quality import JudgedLabel, judged
from service.thresholds.safety.labels import (
    GROWTH,
    GROWTH_ON_DEMAND,
    counts,
    labels_to_certify,
)
from service.thresholds.sample import Sample
from service.usecases.certification.certify import ON_DEMAND, CertifyGate, Put
from service.usecases.gates.policy_cache import GateBook
from service.usecases.shared.idempotency import IdempotentRequest, demand_unanswered
from service.usecases.shared.periodic import Failures, PeriodicTask

LOOK_EVERY_SECONDS = 5.0


class Learner:
    """Certifies gates that have a contract on their panel's labels, as these grow in number."""

    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        certify: CertifyGate,
        version_of: Callable[[str], str | None],
    ) -> None:
        self._store = store
        self._gates = gates
        self._certify = certify
        self._version_of = version_of

    def periodic_task(self) -> PeriodicTask:
        return PeriodicTask(
            name="learner",
            turn=self._look_at_all,
            every_seconds=LOOK_EVERY_SECONDS,
            failure_event="learning.failed",
        )

    def _look_at_all(self, failures: Failures) -> None:
        for policy in self._gates.offered():
            with failures.survived(gate=policy.gate):  # one gate's trouble is not the others'
                self.look_at(policy)

    def look_at(self, policy: GatePolicy) -> bool:
        """Certify the gate if its labels have grown enough. Returns whether it did."""
        if policy.contract is None:
            return False
        source, labels = self._labels(policy)
        due = self._due(policy, source, labels)
        if due is None and len(labels) < self._enough(policy, source, GROWTH):
            return False
        self._certify(
            policy,
            self._sample(policy, labels),
            None,
            source=source,
            actor="learner",
            note=due or "",
        )
        return True

    def certify_now(
        self,
        gate: str,
        principal: Principal,
        *,
        request: IdempotentRequest[Put] | None = None,
    ) -> Put:
        """Certify the gate on the panel's labels as they are, because somebody asks for it.

        Raises UnknownGate, TooFewLabels, and InvalidInput where there is no contract.
        """
        principal.demand(Scope.MANAGE)
        policy = self._gates.get(gate, principal)
        with self._store.reading() as tx:  # its labels are no longer enough for another one
            demand_unanswered(tx, request)
        source, sample = self.demanded(policy)
        return self._certify(
            policy,
            sample,
            None,
            source=source,
            actor=principal.name,
            note=ON_DEMAND,
            request=request,
        )

    def demanded(self, policy: GatePolicy) -> tuple[str, Sample]:
        """As `sample`. Raises TooFewLabels where there are fewer labels than after an alarm, than
        any certificate takes, or than a tenth more than the last one rests on, opened or closed."""
        source, labels = self._labels(policy)
        fewest = self._enough(policy, source, GROWTH_ON_DEMAND)
        if len(labels) < fewest:
            raise TooFewLabels(
                f"The panel of {policy.gate!r} has given {len(labels):,} labels of the scores in"
                f" use, and it takes {fewest:,}: {fewest - len(labels):,} are missing."
            )
        return source, self._sample(policy, labels)

    def sample(self, policy: GatePolicy) -> tuple[str, Sample]:
        """The labels that a certificate of the gate could rest on now, and their scores' source."""
        source, labels = self._labels(policy)
        return source, self._sample(policy, labels)

    def _sample(self, policy: GatePolicy, labels: Sequence[Label]) -> Sample:
        """The labels, as what other people said of the same items bears them out."""
        with self._store.reading() as tx:
            return sample_of(judged(labels, tx.labels.shared(policy.gate)), policy)

    def _labels(self, policy: GatePolicy) -> tuple[str, list[Label]]:
        """The labels that a certificate could rest on, and what their scores came from: the gate's
        bundle as it is now, or the kind of signal that most of them are."""
        with self._store.reading() as tx:
            labels = tx.labels.of_panel(policy.gate)
        sources = Counter(label.source for label in labels)
        usual = sources.most_common(1)[0][0] if sources else ""
        source = self._version_of(policy.scorer) or usual
        return source, [
            label for label in labels if label.source == source and counts(policy.adapted, label.at)
        ]

    def _due(self, policy: GatePolicy, source: str, labels: Sequence[Label]) -> str | None:
        """Why the contract's schedule asks for another certificate now; None where it does not.

        Without a new label there is nothing that another certificate could rest on. After an alarm
        it is the number of labels that counts, not the day.
        """
        days = policy.contract.certify_every_days if policy.contract else None
        safe = policy.adapted is not None and policy.adapted.mode is Mode.SAFE
        rests_on = self._rests_on(policy, source)
        if days is None or safe or not 0 < rests_on < len(labels):
            return None
        issued = max(one.created_at for one in self._gates.certificates(policy))
        if max(label.at for label in labels) < issued + timedelta(days=days):
            return None
        return f"on schedule, every {days} days"

    def _enough(self, policy: GatePolicy, source: str, growth: float) -> int:
        """How many labels it takes to certify."""
        return labels_to_certify(policy.adapted, self._rests_on(policy, source), growth)

    def _rests_on(self, policy: GatePolicy, source: str) -> int:
        """How many labels the certificates in force for such scores rest on; 0 without any."""
        if all(earned.source != source for earned in policy.certified.values()):
            return 0
        return sum(int(one.document["labels"]) for one in self._gates.certificates(policy))

    def outlook(self, policy: GatePolicy) -> tuple[Outlook, ...]:
        """What more labels of the panel would open. Nothing where the gate has no contract, or
        rests on other labels than the panel's."""
        if policy.contract is None:
            return ()
        source, labels = self._labels(policy)
        if len(labels) < self._rests_on(policy, source):
            return ()
        return labels_needed(self._sample(policy, labels), policy.contract)


def sample_of(labels: Sequence[JudgedLabel], policy: GatePolicy) -> Sample:
    """The labels as a sample, from the first day to the last, by the policy's categories."""
    named = any(label.category for label in labels)
    spreads = [label.spread for label in labels if label.spread is not None]
    return Sample.of(
        [label.raw_score for label in labels],
        [label.right for label in labels],
        spreads=rows_of(spreads) if labels and len(spreads) == len(labels) else None,
        categories=[policy.category_named(label.category) or "" for label in labels]
        if named
        else None,
        weights=[label.weight for label in labels],
        doubted=[label.doubted for label in labels],
        since=min((label.at for label in labels), default=None),
        until=max((label.at for label in labels), default=None),
    )
