"""The data set of a gate: its labelled items, each with where its label came from.

Its version is the hash of its rows, so the same stored state has the same version, whenever and
wherever it is read.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from service.domain.access import Principal, Scope
from service.domain.canonical import canonical
from service.domain.decision import Item
from service.domain.gate import GatePolicy
from service.domain.guard import Redaction
from service.domain.ids import DecisionId
from service.domain.labelled import Case, LabelledItem
from service.domain.labelled_document import labelled_document
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
    ) -> tuple[list[LabelledItem], DecisionId | None]:
        """Items behind the decision `after`, oldest first, and the decision to go on behind, None
        at the end. Of one `case` there may be fewer than `limit`, or none, before the end. For
        managers: it says whom the panel drew. Raises UnknownGate, Forbidden."""
        principal.demand(Scope.MANAGE)
        policy = self._gates.get(gate, principal)
        items: list[LabelledItem] = []
        looked = 0
        with self._store.reading() as tx:
            for one in tx.labelled.of(policy.gate, after=after, limit=MOST_LOOKED_AT):
                looked += 1
                if case is None or one.case is case:
                    items.append(self._as_it_may_leave(one, policy.guards.redaction))
                if len(items) == limit or looked == MOST_LOOKED_AT:
                    return items, one.decision_id
        return items, None

    def read(
        self,
        policy: GatePolicy,
        case: Case | None,
        take: Callable[[LabelledItem, bytes], object],
    ) -> Card:
        """Hand over every item, oldest first, with its row as a line of canonical JSON."""
        card = Card(gate=policy.gate, case=case, redaction=policy.guards.redaction)
        with self._store.reading() as tx:
            for one in tx.labelled.of(policy.gate):
                if case is None or one.case is case:
                    leaving = self._as_it_may_leave(one, policy.guards.redaction)
                    line = canonical(labelled_document(leaving)) + b"\n"
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

    def _as_it_may_leave(self, one: LabelledItem, redaction: Redaction) -> LabelledItem:
        """Where people or the store must not see personal data, so must nobody who reads a file,
        also of items that were stored before that was said."""
        if redaction is Redaction.NONE:
            return one
        edited = one.said.edited_result if one.said else None
        values = (one.item.text, dict(one.item.fields), one.ai_result, edited)
        text, fields, ai_result, edited = self._redactor.masked(*values).values
        return replace(
            one,
            item=Item(text=cast(str | None, text), fields=cast(dict[str, Json], fields)),
            ai_result=ai_result,
            said=one.said and replace(one.said, edited_result=edited),
        )
