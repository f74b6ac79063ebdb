"""What looks at an item before it is scored."""

from typing import Protocol

from service.domain.decision import Item, Reads
from service.domain.guard import GuardRules, Note
from service.domain.redaction import Masked
from service.domain.values import Json


class Redactor(Protocol):
    def masked(self, *values: Json) -> Masked:
        """The values of one item with labels in the place of personal data. The same data has the
        same label in all of them; a label that a value spells out already is nobody's."""
        ...


class Guard(Protocol):
    async def inspect(
        self, item: Item, ai_result: Json, rules: GuardRules, reads: Reads | None = None, /
    ) -> tuple[Note, ...]:
        """What is to be held against the item or the AI's result under the rules; usually nothing.
        `reads`: what the gate's own model reads of an item, where it has one.

        The same input gives the same notes, in time linear in its length, and long inputs do not
        hold up the event loop.
        """
        ...
