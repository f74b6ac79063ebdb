"""JSON that names no key twice: of two values one reader takes the first and another the last."""

import json
from typing import Any


class RepeatedKey(ValueError):
    """An object names a key twice, in whatever spelling."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key!r} is there twice")
        self.key = key


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object that these pairs are (an `object_pairs_hook`). Raises RepeatedKey."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKey(_repeated(pairs))
    return found


def loads(text: bytes | str) -> Any:
    """As `json.loads`. Raises RepeatedKey too."""
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    return _READ.decode(text)


def loads_marked(text: bytes | str) -> Any:
    """As `json.loads`, with a RepeatedKey in the place of every object that names a key twice."""
    return json.loads(text, object_pairs_hook=_marked)


def repeated_in(value: Any) -> RepeatedKey | None:
    """The mark that stands somewhere in what `loads_marked` read, if there is one."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case RepeatedKey() as mark:
                return mark
            case dict() as node:
                waiting.extend(node.values())
            case list() as node:
                waiting.extend(node)
            case _:
                pass
    return None


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any] | RepeatedKey:
    try:
        return unique(pairs)
    except RepeatedKey as mark:
        return mark


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    names = [key for key, _ in pairs]
    return next(key for place, key in enumerate(names) if key in names[:place])


_READ = json.JSONDecoder(object_pairs_hook=unique)  # made once: json.loads makes one a call
