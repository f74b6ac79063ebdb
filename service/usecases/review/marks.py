"""Mark what of an item's text the model cannot read, and what a reviewer could not see."""

from collections.abc import Callable, Sequence

from service.domain.decision import Decision
from service.domain.marking import Mark, Stretch
from service.usecases.gates.policy_cache import GateBook

type Unreadable = Callable[[str, str], Sequence[tuple[int, int]]]
"""By a scorer's name and a text: the parts that the scorer cannot read."""


class MarkText:
    """Looks when somebody reads: nothing of it is stored, and what is masked stays masked."""

    def __init__(
        self,
        *,
        gates: GateBook,
        concealed: Callable[[str], Sequence[Stretch]],
        unreadable: Unreadable,
    ) -> None:
        self._gates = gates
        self._concealed = concealed
        self._unreadable = unreadable

    def of_item(self, decision: Decision) -> list[Stretch]:
        """The stretches of the item's text, none over another."""
        text, policy = decision.item.text or "", self._gates.of(decision.gate)
        scorer = None if decision.signals else policy.scorer_for(decision.item)
        unread = self._unreadable(scorer, text) if scorer and text else ()
        return _apart(
            self._concealed(text),
            [Stretch(start=start, end=end, mark=Mark.UNREADABLE) for start, end in unread],
        )

    def of_text(self, text: str) -> list[Stretch]:
        """The same of a text that no model reads, such as the AI's result."""
        return list(self._concealed(text))


def _apart(first: Sequence[Stretch], then: Sequence[Stretch]) -> list[Stretch]:
    """All of the first and, of the others, what lies beside these."""
    found = list(first)
    for stretch in then:
        start = stretch.start
        for taken in first:
            if taken.end <= start or taken.start >= stretch.end:
                continue
            if start < taken.start:
                found.append(Stretch(start=start, end=taken.start, mark=stretch.mark))
            start = max(start, taken.end)
        if start < stretch.end:
            found.append(Stretch(start=start, end=stretch.end, mark=stretch.mark))
    return sorted(found, key=lambda stretch: stretch.start)
