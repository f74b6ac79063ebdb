"""The data set of a gate: its labelled items, each with where its label came from.

Its version is the hash of its rows, so the same stored state has the same version, whenever and
wherever it is read.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.domain.access import Principal, Scope
from service.domain.canonical import canonical
from service.domain.gate import GatePolicy
from service.domain.guard import Redaction
from service.domain.ids import DecisionId
from service.domain.labelled import Case, LabelledItem
from service.domain.values import Json
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.store import Store
from service.usecases.gates.policy_cache import GateBook
from service.usecases.shared.audit_events.data import draft_of_export

FORMAT = 1
MOST_LOOKED_AT = 5_000
"""A page of one case looks at so many items and no more: among a million there may be few of it."""
CHOSEN = (
    "panel items were drawn by lot before anything was known of them (all of a gate's items while"
    " nothing is certified), so together they are like the items to come; the others were labelled"
    " because of their scores, or because somebody complained. Certificates and comparisons may"
    " rest on panel items alone, training on the others alone."
)


@dataclass(kw_only=True)
class Card:
    """What a data set holds, counted while its rows go by."""

    gate: str
    case: Case | None
    redaction: Redaction
    items: int = 0
    right: int = 0
    guarded: int = 0
    by: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    policy_versions: Counter[int] = field(default_factory=Counter)
    since: datetime | None = None
    until: datetime | None = None
    _hash: Any = field(default_factory=hashlib.sha256, repr=False)

    def add(self, one: LabelledItem, line: bytes) -> None:
        """Count an item whose row is `line`; oldest first."""
        self._hash.update(line)
        self.items += 1
        self.right += one.right
        self.guarded += one.guarded
        self.by[one.by.value] += 1
        self.cases[one.case.value if one.case else "no_suggestion"] += 1
        self.sources[one.source or "none"] += 1
        self.policy_versions[one.policy_version] += 1
        self.since = one.decided_at if self.since is None else min(self.since, one.decided_at)
        self.until = one.decided_at if self.until is None else max(self.until, one.decided_at)

    @property
    def version(self) -> str:
        """The gate and the beginning of the rows' hash."""
        return f"{self.gate}@{self._hash.hexdigest()[:12]}"

    def document(self) -> dict[str, Any]:
        """The card as JSON."""
        return {
            "format": FORMAT,
            "version": self.version,
            "sha256": self._hash.hexdigest(),
            "gate": self.gate,
            "case": self.case,
            "redaction": self.redaction.value,
            "items": self.items,
            "right": self.right,
            "guarded": self.guarded,
            "by": dict(sorted(self.by.items())),
            "cases": dict(sorted(self.cases.items())),
            "sources": dict(sorted(self.sources.items())),
            "policy_versions": {str(n): count for n, count in sorted(self.policy_versions.items())},
            "decided": {
                "since": self.since and self.since.isoformat(),
                "until": self.until and self.until.isoformat(),
            },
            "chosen": CHOSEN,
        }


class DataSet:
    def __init__(self, *, store: Store, gates: GateBook, redactor: Redactor, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._redactor = redactor
        self._clock = clock

    def page(
        self,
        gate: str,
        principal: Principal,
        *,
        case: Case | None,
        after: DecisionId | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], DecisionId | None]:
        """Rows behind the decision `after`, oldest first, and the decision to go on behind, None at
        the end. Of one `case` there may be fewer than `limit`, or none, before the end. For
        managers: it says whom the panel drew. Raises UnknownGate, Forbidden."""
        principal.demand(Scope.MANAGE)
        policy = self._gates.get(gate, principal)
        rows: list[dict[str, Any]] = []
        looked = 0
        with self._store.reading() as tx:
            for one in tx.labelled.of(policy.gate, after=after, limit=MOST_LOOKED_AT):
                looked += 1
                if case is None or one.case is case:
                    rows.append(self._row(one, policy.guards.redaction))
                if len(rows) == limit or looked == MOST_LOOKED_AT:
                    return rows, one.decision_id
        return rows, None

    def read(
        self,
        policy: GatePolicy,
        case: Case | None,
        take: Callable[[LabelledItem, bytes], object],
    ) -> Card:
        """Hand over every item, oldest first, with its row as a line of canonical JSON."""
        card = Card(gate=policy.gate, case=case, redaction=policy.guards.redaction)
        for one, row in self._rows(policy, case):
            line = canonical(row) + b"\n"
            take(one, line)
            card.add(one, line)
        return card

    def export(
        self, policy: GatePolicy, case: Case | None, write: Callable[[bytes], object], *, actor: str
    ) -> Card:
        """Write every row as a line, and keep in the audit trail that it was."""
        card = self.read(policy, case, lambda _, line: write(line))
        now = self._clock.now()
        exported = draft_of_export(policy.gate, card.version, card.items, case, actor, now)
        with self._store.transaction() as tx:
            tx.audit.append([exported])
        return card

    def _rows(
        self, policy: GatePolicy, case: Case | None
    ) -> Iterator[tuple[LabelledItem, dict[str, Any]]]:
        with self._store.reading() as tx:
            for one in tx.labelled.of(policy.gate):
                if case is None or one.case is case:
                    yield one, self._row(one, policy.guards.redaction)

    def _row(self, one: LabelledItem, redaction: Redaction) -> dict[str, Any]:
        """The item as it may leave: where people or the store must not see personal data, so must
        nobody who reads a file, also of items that were stored before that was said."""
        said, truth = one.said, one.truth
        edited = said.edited_result if said else None
        values: tuple[Json, ...] = (one.item.text, dict(one.item.fields), one.ai_result, edited)
        if redaction is not Redaction.NONE:
            values = self._redactor.masked(*values).values
        text, fields, ai_result, edited = values
        return {
            "decision_id": one.decision_id,
            "review_task_id": one.task_id,
            "gate": one.gate,
            "policy_version": one.policy_version,
            "decided_at": one.decided_at.isoformat(),
            "item": {"text": text, "fields": fields},
            "ai_result": ai_result,
            "category": one.category,
            "source": one.source,
            "raw_score": one.raw_score,
            "confidence": one.confidence,
            "decision": one.zone.value,
            "panel": one.panel,
            "audit_probability": one.audit_probability,
            "guarded": one.guarded,
            "right": one.right,
            "by": one.by.value,
            "known_at": one.known_at.isoformat(),
            "case": one.case,
            "review": said
            and {
                "verdict": said.verdict.value,
                "edited_result": edited,
                "reviewer": said.reviewer,
                "at": said.at.isoformat(),
            },
            "truth": truth
            and {
                "verdict": truth.verdict.value,
                "reported_by": truth.reported_by,
                "at": truth.reported_at.isoformat(),
            },
        }
