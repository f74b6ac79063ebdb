"""Text that is not there: a workflow's variable that was not filled in, or was filled with nothing.

Dify renders a variable that it cannot resolve as its own selector (`conversation.draft`); templates
leave their braces; programs print their word for nothing. Only ASCII is looked for: Chinese, which
writes no blanks, would match names with letters of any script far too often.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterator

from service.domain.values import Json
from service.guards.characters import INVISIBLE

_SELECTOR = r"(?=[0-9_.]*[A-Za-z])[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+"
"""Also a domain's name or a version: as a whole text these tell nobody what is to be judged."""
_DIFY = r"\{\{#[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+#\}\}"
_CERTAIN = (
    _DIFY,
    r"(?:sys|env|conversation|rag|[0-9]{10,})\.[A-Za-z_][A-Za-z0-9_.]*",  # Dify's own selectors
    r"\$?\{\{[^{}]{1,200}\}\}",  # Jinja, Handlebars
    r"\$\{[^{}]{1,200}\}",  # shells, JavaScript
    r"\{[A-Za-z_][A-Za-z0-9_.]*\}",  # Python's format
    r"\{%[^%]{1,200}%\}",
    r"<%[^%]{1,200}%>",
    r"%\([A-Za-z_][A-Za-z0-9_]*\)s",
    r"\{\{\{[^{}]{1,200}\}\}\}",
    r"[#@]\{[^{}]{1,200}\}",  # Ruby, Thymeleaf
    r"\[\[[A-Za-z_][A-Za-z0-9_.]*\]\]",
    r"<[A-Za-z_][A-Za-z0-9_.]*>",
    r"%[A-Za-z_][A-Za-z0-9_]*%",
    r"\$[a-z_][A-Za-z0-9_.]*",
    r"undefined",
    r"\[object [A-Za-z]+\]",  # JavaScript's objects
    r"<[A-Za-z0-9_.]+ object at 0x[0-9a-f]+>",  # Python's
)
_LIKELY = ("None", "NaN", "nan", "null", "<nil>", "<no value>")
"""A whole text of these is nothing. One member of a larger result may well say `None`."""
_EMPTY = frozenset({"{}", "[]", '""', "''"})

_QUOTE = "[\"'`*\u201c\u201d]{0,3}"


def _only(forms: Collection[str]) -> re.Pattern[str]:
    """A text of nothing but such forms, one or several."""
    form = f"(?>{'|'.join(forms)})"  # once found it stands: many ways to read a row would cost
    return re.compile(rf"{_QUOTE}{form}(?:[\s,;:|]+{form})*+{_QUOTE}")


_ONLY_CERTAIN, _ONLY_LIKELY = _only(_CERTAIN), _only((_SELECTOR, *_CERTAIN, *_LIKELY))
_ANYWHERE = re.compile(_DIFY)
_UNSEEN = re.compile(f"[{INVISIBLE}\u2800]+")


def unresolved_text(text: str, lawful: Collection[str]) -> bool:
    """Whether a text is but the name of one that should be there. A blank one is not."""
    seen = _seen(text)
    return seen not in lawful and (seen in _EMPTY or _is_unresolved(seen))


def unresolved_value(value: Json, lawful: Collection[str]) -> bool:
    """The same of an AI's result or a field, where a blank text and an empty list count too."""
    if value is None or _as_text(value) in lawful:
        return False
    if isinstance(value, str):
        inner = _parsed(value)
        missing = not _seen(value) or unresolved_text(value, lawful)
        return missing or (inner is not None and unresolved_value(inner, lawful))
    if _is_empty(value):
        return True
    texts = [text for text in map(_seen, _texts(value)) if text and text not in lawful]
    if any(_ONLY_CERTAIN.fullmatch(text) or _names_one(text) for text in texts):
        return True
    return bool(texts) and all(map(_is_unresolved, texts)) and not _has_other(value)


def _is_unresolved(seen: str) -> bool:
    return bool(_ONLY_LIKELY.fullmatch(seen)) or _names_one(seen)


def _names_one(seen: str) -> bool:
    """Dify's own braces: no text of people's holds them, wherever they stand."""
    return "{{#" in seen and bool(_ANYWHERE.search(seen))


def _seen(text: str) -> str:
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).strip()


def _as_text(value: Json) -> str:
    return _seen(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Json:
    """The object or list that a text spells out as JSON; None where it does not."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _is_empty(value: Json) -> bool:
    """Whether nothing is in it. A list that is empty under a name says something: none found."""
    match value:
        case str(text):
            return not _seen(text)
        case list(elements):
            return all(map(_is_empty, elements))
        case dict(members):
            return all(member != [] and _is_empty(member) for member in members.values())
        case _:
            return False


def _texts(value: Json) -> Iterator[str]:
    return (leaf for leaf in _leaves(value) if isinstance(leaf, str))


def _has_other(value: Json) -> bool:
    """Whether numbers or truth values stand beside the texts."""
    return any(leaf is not None and not isinstance(leaf, str) for leaf in _leaves(value))


def _leaves(value: Json) -> Iterator[Json]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict(members):
                waiting.extend(members.values())
            case list(elements):
                waiting.extend(elements)
            case leaf:
                yield leaf
