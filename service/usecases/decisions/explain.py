"""Explain: which words, or fields, a decision's score rests on.

Computed when somebody looks, by the scorer that made the decision, through its ordinary queue: the
variants of one item are alike in length, so they share batches. What was found is remembered, in
memory, for a text and a model.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping

from service.confidence.occlusion import weight, without, words_of
from service.confidence.signals import raw_of_probabilities
from service.domain.decision import Decision, Item, Reads
from service.domain.errors import Conflict, Overloaded, ScorerFailed
from service.domain.explanation import Explanation, Part
from service.domain.gate import GatePolicy
from service.domain.guard import Finding
from service.domain.values import Json
from service.ports.scorer import Scorer
from service.usecases.gates.policy_cache import GateBook

KEPT = 256
AT_ONCE = 1
"""Explanations at the same time: reviewers wait for each other, decisions never for them."""

_READ_IN_PART = frozenset({Finding.TRUNCATED, Finding.UNREADABLE_PART})


class NotExplained(Conflict):
    """There is no explanation of this decision."""


async def _stays() -> bool:
    return False


class Explain:
    def __init__(self, *, scorers: Mapping[str, Scorer], gates: GateBook) -> None:
        self._scorers = scorers
        self._gates = gates
        self._kept: OrderedDict[Hashable, Explanation] = OrderedDict()
        self._places = asyncio.Semaphore(AT_ONCE)

    def can(self, decision: Decision) -> bool:
        """Whether asking makes sense: the model that scored it is still here, and explains."""
        return self._scorer_of(decision) is not None and _READ_IN_PART.isdisjoint(
            decision.assessment.notes
        )

    async def __call__(
        self, decision: Decision, *, is_gone: Callable[[], Awaitable[bool]] = _stays
    ) -> Explanation:
        """The weights of the decision's words or fields. Raises NotExplained, saying why not.

        Whoever `is_gone` when the turn comes holds up nobody who waits behind.
        """
        scorer = self._scorer_of(decision)
        if scorer is None or not _READ_IN_PART.isdisjoint(decision.assessment.notes):
            raise NotExplained(
                "No model scored it whole, or the one that did is not in force any more.",
                fix="Look at the item itself.",
            )
        asked = self._asked(scorer, decision)
        if found := self._remembered(asked):
            return found
        try:
            async with self._places:
                # Somebody may have asked the same while this waited for its turn.
                if found := self._remembered(asked):
                    return found
                if await is_gone():
                    raise NotExplained("Nobody waits for it any more.")
                return await self._found(asked, scorer, decision)
        except (ScorerFailed, Overloaded) as failure:
            raise NotExplained(f"The model gives no explanation now: {failure.detail}") from failure

    def _asked(self, scorer: Scorer, decision: Decision) -> Hashable:
        """All that an explanation depends on. Reviewers may see another text than callers."""
        policy, item = self._gates.of(decision.gate), decision.item
        read = item.text if scorer.reads is not Reads.FIELDS else str(dict(item.fields))
        return scorer.version, policy.labels, policy.approve_labels, read

    def _remembered(self, asked: Hashable) -> Explanation | None:
        if asked in self._kept:
            self._kept.move_to_end(asked)
        return self._kept.get(asked)

    async def _found(self, asked: Hashable, scorer: Scorer, decision: Decision) -> Explanation:
        parts = await self._parts(scorer, decision)
        found = Explanation(model_version=scorer.version, parts=tuple(parts))
        self._kept[asked] = found
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def _scorer_of(self, decision: Decision) -> Scorer | None:
        version = decision.assessment.model_version
        return next(
            (s for s in self._scorers.values() if s.version == version and s.explains), None
        )

    async def _parts(self, scorer: Scorer, decision: Decision) -> list[Part]:
        policy, item = self._gates.of(decision.gate), decision.item
        if scorer.reads is Reads.FIELDS:
            return await _fields(scorer, policy, item)
        return await _words(scorer, policy, item.text or "")


async def _words(scorer: Scorer, policy: GatePolicy, text: str) -> list[Part]:
    places = words_of(text)
    if len(places) < 2:  # one word alone is all there is to say
        return []
    variants = [Item(text=without(text, *place)) for place in places]
    whole, *left = await _raws(scorer, policy, [Item(text=text), *variants])
    if whole is None:
        raise ScorerFailed("The item has no score any more.")
    return [
        Part(name=text[start:end], weight=weight(whole, [raw]), start=start, end=end)
        for (start, end), raw in zip(places, left, strict=True)
        if raw is not None  # what is left without it cannot be read: it has no weight to tell
    ]


async def _fields(scorer: Scorer, policy: GatePolicy, item: Item) -> list[Part]:
    others: list[tuple[str, Json]] = [
        (name, value)
        for name, values in scorer.alternatives.items()
        for value in values
        if value != item.fields.get(name)
    ]
    variants = [Item(fields={**item.fields, name: value}) for name, value in others]
    whole, *left = await _raws(scorer, policy, [Item(fields=item.fields), *variants])
    if whole is None:
        raise ScorerFailed("The item has no score any more.")
    by_name: dict[str, list[float]] = {}
    for (name, _), raw in zip(others, left, strict=True):
        if raw is not None:
            by_name.setdefault(name, []).append(raw)
    return [Part(name=name, weight=weight(whole, raws)) for name, raws in by_name.items()]


async def _raws(scorer: Scorer, policy: GatePolicy, items: list[Item]) -> list[float | None]:
    """P(approving is right) of each; None where it has no score."""
    found = await asyncio.gather(
        *(scorer.score(item, gate=f"{policy.gate} explained") for item in items),
        return_exceptions=True,
    )
    raws: list[float | None] = []
    for score in found:
        if isinstance(score, ScorerFailed):
            raws.append(None)
        elif isinstance(score, BaseException):
            raise score
        else:
            raws.append(
                raw_of_probabilities(
                    score.probabilities, labels=policy.labels, approve_labels=policy.approve_labels
                ).value
            )
    return raws
