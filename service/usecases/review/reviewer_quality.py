"""How good every gate's reviewers are, and whether what several of them say of an item is sure."""

from collections.abc import Mapping

from service.domain.access import Principal, Scope
from service.domain.gate import GatePolicy
from service.domain.review import Answer, ReviewTask
from service.ports.store import Store
from service.thresholds.quality import Quality
from service.thresholds.reviewers import SURE
from service.usecases.gates.policy_cache import GateBook
from service.usecases.shared.periodic import PeriodicTask

LOOK_EVERY_SECONDS = 30.0


class Reviewers:
    """Looked up anew now and then, from the stored answers: any process finds the same, and an
    answer need not wait for it."""

    def __init__(self, *, store: Store, gates: GateBook) -> None:
        self._store = store
        self._gates = gates
        self._known: Mapping[str, Quality] = {}

    def periodic_task(self) -> PeriodicTask:
        """Look again now and then. Until then what was known stands."""
        return PeriodicTask(
            name="reviewers",
            turn=lambda _: self.refresh(),
            every_seconds=LOOK_EVERY_SECONDS,
            failure_event="reviewers.failed",
        )

    def refresh(self) -> None:
        found = {policy.gate: self._quality(policy) for policy in self._gates.offered()}
        self._known = {gate: quality for gate, quality in found.items() if quality}

    def sure(self, task: ReviewTask) -> bool:
        """Whether the answers to a task make its verdict sure: P(the likelier truth) >= SURE.

        Where nothing is known of the gate's reviewers yet, the quorum alone decides.
        """
        quality = self._known.get(task.gate)
        if quality is None:
            return True
        given = [
            (one.reviewer, one.answer is Answer.APPROVE and one.edited_result is None)
            for one in task.answers
            if one.answer is not Answer.UNSURE
        ]
        return quality.surely(given) >= SURE

    def quality(self, gate: str, principal: Principal) -> Quality | None:
        """What the answers say of the gate's reviewers now; None where no two have answered the
        same item. For managers: what is measured of people is nobody else's business."""
        principal.demand(Scope.MANAGE)
        return self._quality(self._gates.get(gate, principal))

    def _quality(self, policy: GatePolicy) -> Quality | None:
        with self._store.reading() as tx:
            return Quality.of(tx.labels.shared(policy.gate))
