"""The one truth. A transaction is all or nothing; what it writes is durable when it ends well."""

from contextlib import AbstractContextManager
from typing import Protocol

from service.ports.repositories.access import Access
from service.ports.repositories.activations import Activations
from service.ports.repositories.audit import Audit
from service.ports.repositories.certificates import Certificates
from service.ports.repositories.decisions import Decisions
from service.ports.repositories.deliveries import Deliveries
from service.ports.repositories.idempotency import Idempotency
from service.ports.repositories.labelled import Labelled
from service.ports.repositories.labels import Labels
from service.ports.repositories.policies import Policies
from service.ports.repositories.recorded import Recorded
from service.ports.repositories.retrainings import Retrainings
from service.ports.repositories.shadows import Shadows
from service.ports.repositories.tasks import Tasks


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
