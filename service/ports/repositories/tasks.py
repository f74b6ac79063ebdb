"""Review tasks: the queue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from service.domain.ids import DecisionId, TaskId
from service.domain.review import ReviewTask, TaskState
from service.ports.page import Page


class Tasks(Protocol):
    def add(self, tasks: Sequence[ReviewTask]) -> None: ...

    def get(self, task_id: TaskId) -> ReviewTask | None: ...

    def lock(self, task_id: TaskId) -> ReviewTask | None:
        """The task, held against other writers until the transaction ends."""
        ...

    def save(self, task: ReviewTask) -> None:
        """Write a moved task (its answers included). Raises IllegalMove if another revision
        than its predecessor is stored: somebody else was faster."""
        ...

    def of_decision(self, decision_id: DecisionId) -> ReviewTask | None: ...

    def claimable(
        self,
        *,
        gates: frozenset[str] | None,
        reviewer: str,
        expert: bool,
        now: datetime,
        limit: int,
    ) -> list[ReviewTask]:
        """Waiting tasks (lapsed leases included) that this reviewer may take, locked, by priority
        (largest first, then oldest). Tasks that another transaction holds are skipped; so are
        tasks past their deadline, tasks the reviewer answered before, and, unless `expert`,
        escalated ones. For an `expert` these come first: nobody else can take them."""
        ...

    def queue(
        self, *, gates: frozenset[str] | None, reviewer: str, expert: bool, limit: int
    ) -> list[ReviewTask]:
        """Waiting tasks in the order in which `claimable` gives them to this reviewer; those that
        they may not take come last."""
        ...

    def answered_by(
        self, reviewer: str, *, gates: frozenset[str] | None, limit: int
    ) -> list[ReviewTask]:
        """Tasks whose last answer is this reviewer's, the latest answer first."""
        ...

    def browse(
        self,
        *,
        gates: frozenset[str] | None,
        states: frozenset[TaskState] | None = None,
        holder: str | None = None,
        page: Page,
    ) -> list[ReviewTask]: ...

    def due(self, now: datetime, limit: int) -> list[ReviewTask]:
        """Open tasks past their deadline, and claimed tasks whose lease lapsed; locked."""
        ...

    def count_resolved(self, since: datetime) -> dict[str, int]:
        """How many tasks of each gate were resolved since then."""
        ...

    def count_by_state(self, gates: frozenset[str] | None) -> dict[tuple[str, TaskState], int]:
        """How many tasks each (gate, state) holds."""
        ...
