"""The Guard port: what an item and an AI's result say beside what they seem to say."""

import asyncio
import unicodedata
from collections.abc import Iterator

from service.domain.decision import Item, Reads
from service.domain.guard import Finding, GuardRules, Note, Place
from service.domain.values import Json
from service.guards.concealed import conceals
from service.guards.injection import injections
from service.guards.malformed import malformed
from service.guards.unresolved import unresolved_text, unresolved_value
from service.guards.wordless import is_wordless

_READ_WORDS = (Reads.TEXT, Reads.EITHER)
_READ_FIELDS = (Reads.FIELDS, Reads.EITHER)
LONG = 2_000
"""Characters from which an inspection takes longer than other requests should wait."""


class TextGuard:
    """Length, text that is not there, malformed text and prompt injection, as the rules have it."""

    async def inspect(
        self, item: Item, ai_result: Json, rules: GuardRules, reads: Reads | None = None, /
    ) -> tuple[Note, ...]:
        parts = (
            (Place.TEXT, item.text or ""),
            (Place.FIELDS, _texts(dict(item.fields)) if item.fields else ""),
            (Place.AI_RESULT, "" if ai_result is None else _texts(ai_result)),
        )
        if sum([len(text) for _, text in parts]) > LONG:
            return await asyncio.to_thread(_inspected, item, ai_result, parts, rules, reads)
        return _inspected(item, ai_result, parts, rules, reads)


def _inspected(
    item: Item,
    ai_result: Json,
    parts: tuple[tuple[Place, str], ...],
    rules: GuardRules,
    reads: Reads | None,
) -> tuple[Note, ...]:
    length = None if item.text is None else _length(item.text, rules)
    if length is Finding.TOO_LONG:  # who floods us is not read to the end
        return (Note(finding=length),)
    notes = [] if length is None else [Note(finding=length)]
    if length is None and item.text and reads in _READ_WORDS and is_wordless(item.text):
        notes.append(Note(finding=Finding.NO_WORDS))
    if rules.unresolved:
        notes += [
            Note(finding=Finding.UNRESOLVED_VARIABLE, place=place)
            for place in _unresolved(item, ai_result, rules, reads)
        ]
    for place, text in parts:
        if text:
            if rules.malformed:
                notes += [Note(finding=finding, place=place) for finding in malformed(text)]
                if conceals(text):
                    notes.append(Note(finding=Finding.HIDDEN_TEXT, place=place))
            if rules.injection:
                notes += [
                    Note(finding=finding, place=place, layers=layers)
                    for finding, layers in injections(text)
                ]
    return tuple(notes)


def _unresolved(
    item: Item, ai_result: Json, rules: GuardRules, reads: Reads | None
) -> Iterator[Place]:
    """The parts in which a variable was not filled in. Fields count where the item is judged by
    them: beside a text that is judged they may well hold the name of a domain."""
    if item.text is not None and unresolved_text(item.text, rules.lawful):
        yield Place.TEXT
    judged = item.text is None or reads in _READ_FIELDS
    if judged and any(unresolved_value(value, rules.lawful) for value in item.fields.values()):
        yield Place.FIELDS
    if unresolved_value(ai_result, rules.lawful):
        yield Place.AI_RESULT


def _length(text: str, rules: GuardRules) -> Finding | None:
    if rules.longest is not None and len(text) > rules.longest:
        return Finding.TOO_LONG
    if rules.shortest is None or len(text) > 64 + 16 * rules.shortest:
        return None
    missing = rules.shortest
    for character in text:
        if missing <= 0:
            break
        missing -= unicodedata.category(character)[0] in "LNS"
    return Finding.TOO_SHORT if missing > 0 else None


def _texts(value: Json) -> str:
    """Every string in a JSON value, keys included, as one text."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                if text:
                    found.append(text)
            case dict(members):
                found.extend(members)
                waiting.extend(members.values())
            case list(elements):
                waiting.extend(elements)
            case _:
                pass
    return "\n".join(found)
