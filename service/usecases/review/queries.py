"""Review tasks to look at: read one, browse many, count how they stand."""

from service.domain.access import Principal, Scope
from service.domain.ids import TaskId
from service.domain.review import TaskState
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.page import Page
from service.ports.store import Store
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.views import TaskView, TaskViews, gates_seen, visible


class Tasks:
    def __init__(self, *, store: Store, gates: GateBook, clock: Clock, redactor: Redactor) -> None:
        self._store = store
        self._see = TaskViews(gates, clock, redactor)

    def read(self, task_id: TaskId, principal: Principal) -> TaskView:
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            return self._see.one(tx, visible(tx.tasks.get(task_id), principal))

    def browse(
        self,
        principal: Principal,
        *,
        gate: str | None = None,
        states: frozenset[TaskState] | None = None,
        holder: str | None = None,
        page: Page,
    ) -> list[TaskView]:
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            found = tx.tasks.browse(
                gates=gates_seen(principal, gate), states=states, holder=holder, page=page
            )
            return self._see.many(tx, found)

    def queue(self, principal: Principal, *, gate: str | None = None, limit: int) -> list[TaskView]:
        """What waits, in the order in which this principal is given it."""
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            found = tx.tasks.queue(
                gates=gates_seen(principal, gate),
                reviewer=principal.name,
                expert=principal.expert,
                limit=limit,
            )
            return self._see.many(tx, found)

    def answered_by(
        self, principal: Principal, *, gate: str | None = None, limit: int
    ) -> list[TaskView]:
        """The tasks that this principal answered last, the latest first."""
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            found = tx.tasks.answered_by(
                principal.name, gates=gates_seen(principal, gate), limit=limit
            )
            return self._see.many(tx, found)

    def waiting(self, principal: Principal) -> dict[tuple[str, TaskState], int]:
        """How many tasks each (gate, state) holds, of those this principal may see."""
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            return tx.tasks.count_by_state(principal.gates)
