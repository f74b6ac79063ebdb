"""The one truth. A transaction is all or nothing; what it writes is durable when it ends well.

Repositories hold no rules: they load and save domain values. The same behaviour on every backend
is pinned by the conformance suite in tests/store.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from service.domain.access import ApiKey, Person, Session
from service.domain.audit import AuditDraft, AuditEntry, ChainHead, StoredPayload
from service.domain.change import Cause, Change
from service.domain.decision import Decision
from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import CertificateId, DecisionId, DeliveryId, TaskId
from service.domain.label import Label, SharedAnswer
from service.domain.labelled import LabelledItem
from service.domain.model import Activation
from service.domain.outcome import Outcome, Truth
from service.domain.recorded import AuditableItems, Period, RecordedItems
from service.domain.retraining import Retraining
from service.domain.review import ReviewTask, TaskState
from service.domain.shadow import Judgement, Shadow


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of a listing, newest first; `before` is the last id of the page above."""

    limit: int = 50
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyedAnswer:
    """An answer to be stored under its key. `fingerprint` identifies the request."""

    principal: str
    key: str
    fingerprint: str
    answer: dict[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """What was answered to a request with an Idempotency-Key."""

    fingerprint: str
    answer: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StoredPolicy:
    """A version of a gate's policy, as the document it was written as, and why it was."""

    gate: str
    version: int
    document: dict[str, Any]
    change: Change
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredCertificate:
    """A certificate as the document it was issued as."""

    id: CertificateId
    gate: str
    created_at: datetime
    document: dict[str, Any]


class Decisions(Protocol):
    def add(self, decisions: Sequence[Decision]) -> None: ...

    def get(self, decision_id: DecisionId) -> Decision | None: ...

    def get_many(self, decision_ids: Sequence[DecisionId]) -> dict[DecisionId, Decision]: ...

    def set_outcome(self, decision_id: DecisionId, outcome: Outcome | None) -> None: ...

    def take(self, decision_id: DecisionId, run_id: str) -> str:
        """Give the verdict to a run: the first to ask keeps it. Returns the run that has it."""
        ...

    def taken_by(self, decision_id: DecisionId) -> str | None:
        """The run that has the verdict, where one has taken it."""
        ...

    def add_truth(self, decision_id: DecisionId, truth: Truth) -> None: ...

    def truths(self, decision_id: DecisionId) -> list[Truth]:
        """What was learned later, oldest first."""
        ...


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
        escalated ones."""
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


class Deliveries(Protocol):
    def add(self, delivery: Delivery) -> None: ...

    def get(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def lock(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def save(self, delivery: Delivery) -> None:
        """Write a moved delivery. A hold ends where the move set a new time or another state."""
        ...

    def latest_of_task(self, task_id: TaskId) -> Delivery | None: ...

    def latest_of_tasks(self, task_ids: Sequence[TaskId]) -> dict[TaskId, Delivery]: ...

    def claim_due(self, now: datetime, hold_for: timedelta, limit: int) -> list[Delivery]:
        """Pending deliveries whose time has come, hidden from other workers for `hold_for`."""
        ...

    def hold(self, delivery_id: DeliveryId, until: datetime) -> None:
        """Keep a delivery that is being tried hidden from other workers until then."""
        ...

    def browse(
        self, *, gates: frozenset[str] | None, state: DeliveryState | None, page: Page
    ) -> list[Delivery]: ...

    def next_due_at(self) -> datetime | None:
        """When the next pending delivery wants to leave; None where none is pending."""
        ...


class Audit(Protocol):
    def append(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        """Link drafts to the chain. Writers queue behind each other until the transaction ends:
        take what else needs a lock first."""
        ...

    def head(self) -> ChainHead: ...

    def entries(
        self, *, after: int = 0, limit: int | None = None
    ) -> Iterator[tuple[AuditEntry, StoredPayload | None]]:
        """Entries by seq, with payloads that are still there."""
        ...


class Idempotency(Protocol):
    def find(self, principal: str, key: str) -> StoredAnswer | None:
        """What was answered; None where the key is free, or its request still in flight."""
        ...

    def claim(self, principal: str, key: str, fingerprint: str, now: datetime) -> bool:
        """Reserve the key for this transaction; False where it is taken. A claim that loses a race
        waits for the other transaction's end first."""
        ...

    def store(self, principal: str, key: str, answer: dict[str, Any]) -> None: ...

    def keep(self, answers: Sequence[KeyedAnswer]) -> set[tuple[str, str]]:
        """Claim the keys that are free, and store their answers with them; the (principal, key) of
        those. No key may be there twice. Waits as `claim` does."""
        ...

    def forget_before(self, moment: datetime) -> int: ...


class Policies(Protocol):
    def latest(self, *, causes: Collection[Cause] | None = None) -> list[StoredPolicy]:
        """The newest version of every gate, or the newest that came from one of these causes."""
        ...

    def get(self, gate: str, version: int) -> StoredPolicy | None: ...

    def all_of(self, gate: str, *, cause: Cause | None = None) -> list[StoredPolicy]:
        """Every version of the gate, or every one of this cause, the newest first."""
        ...

    def versions(self, gate: str, page: Page) -> list[StoredPolicy]:
        """The gate's versions, newest first; the page's `before` is a version."""
        ...

    def add(self, policy: StoredPolicy) -> None:
        """Raises ChangedMeanwhile where that version of the gate is stored already."""
        ...


class Labels(Protocol):
    def add(self, label: Label) -> None: ...

    def remove(self, decision_id: DecisionId) -> None:
        """The answer was taken back."""
        ...

    def of_panel(self, gate: str) -> list[Label]:
        """The gate's panel labels, oldest first, whatever their scores came from."""
        ...

    def shared(self, gate: str) -> list[SharedAnswer]:
        """The answers to the gate's tasks that several people answered, or that somebody was unsure
        of, as they were given."""
        ...


class Labelled(Protocol):
    def of(
        self, gate: str, *, after: DecisionId | None = None, limit: int | None = None
    ) -> Iterator[LabelledItem]:
        """The gate's labelled items, oldest first, behind the decision `after`. Read them while
        the transaction lasts."""
        ...


class Certificates(Protocol):
    def add(self, certificate: StoredCertificate) -> None: ...

    def get(self, certificate_id: CertificateId) -> StoredCertificate | None: ...


class Activations(Protocol):
    def history(self, model: str | None = None) -> list[Activation]:
        """The model's activations, or those of every model one after the other, newest first."""
        ...

    def add(self, activation: Activation) -> None:
        """Raises Conflict where that number is taken: somebody else was faster."""
        ...

    def settle(self, activation: Activation) -> bool:
        """Write how a pending activation ended; False where it is no longer pending."""
        ...


class Recorded(Protocol):
    def stream(self, period: Period) -> Iterator[RecordedItems]:
        """The decisions, the newest first, in batches. Read them while the transaction lasts."""
        ...

    def audits(self, period: Period) -> AuditableItems:
        """The decisions that active audits could draw, the newest first."""
        ...

    def count(self, gate: str, since: datetime) -> int:
        """How many decisions the gate has made since then."""
        ...

    def first(self, gate: str) -> datetime | None:
        """When the gate made its first decision; None where it made none."""
        ...

    def span(self, period: Period) -> tuple[datetime, datetime] | None:
        """When the first and the last of them were made; None where there are none."""
        ...


class Shadows(Protocol):
    def add(self, shadow: Shadow) -> None:
        """Raises ShadowRuns where that number is taken: somebody else was faster."""
        ...

    def latest(self, gate: str) -> Shadow | None:
        """The gate's newest shadow, running or ended."""
        ...

    def running(self) -> list[Shadow]: ...

    def end(self, shadow: Shadow) -> bool:
        """Write how a running shadow ended; False where it no longer runs."""
        ...

    def judged(self, judgements: Sequence[Judgement]) -> None:
        """Keep them. Their decisions are stored."""
        ...


class Retrainings(Protocol):
    def of(self, gate: str) -> list[Retraining]:
        """The gate's retrainings, newest first."""
        ...

    def add(self, retraining: Retraining) -> bool:
        """Write it; False where that challenger of that comparison is written already."""
        ...


class Access(Protocol):
    def add_key(self, key: ApiKey) -> None: ...

    def key_by_hash(self, secret_hash: str) -> ApiKey | None: ...

    def keys(self) -> list[ApiKey]: ...

    def revoke_key(self, name: str, now: datetime) -> bool: ...

    def add_person(self, person: Person) -> None: ...

    def person(self, name: str) -> Person | None: ...

    def people(self) -> list[Person]: ...

    def save_person(self, person: Person) -> None: ...

    def add_session(self, session: Session) -> None: ...

    def session(self, token_hash: str) -> Session | None: ...

    def end_session(self, token_hash: str) -> None: ...

    def end_sessions_before(self, moment: datetime) -> int: ...


class Transaction(Protocol):
    @property
    def decisions(self) -> Decisions: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def labelled(self) -> Labelled: ...
    @property
    def certificates(self) -> Certificates: ...
    @property
    def activations(self) -> Activations: ...
    @property
    def recorded(self) -> Recorded: ...
    @property
    def shadows(self) -> Shadows: ...
    @property
    def retrainings(self) -> Retrainings: ...
    @property
    def access(self) -> Access: ...


class Store(Protocol):
    def transaction(self) -> AbstractContextManager[Transaction]:
        """Read and write. Commits at the end of the block, rolls back on any exception."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read only: blocks no writer."""
        ...

    def migrate(self) -> None:
        """Bring the schema to the newest version; safe to run from many processes at once."""
        ...

    def is_healthy(self) -> bool: ...

    def close(self) -> None: ...
