"""The Redactor port: labels in the place of personal data."""

from collections.abc import Iterator
from itertools import chain

from service.domain.redaction import LABEL, Masked, with_strings
from service.domain.values import Json
from service.guards.personal import Kind, personal_data

FEWEST_DIGITS = 11
"""A shorter whole number is a quantity or an id, not a telephone or a card."""


class LabelRedactor:
    """Masks with labels that are numbered within one item."""

    def masked(self, *values: Json) -> Masked:
        labels = _Labels(*values)
        return Masked(
            values=tuple(_with_labels(value, labels) for value in values),
            originals=labels.originals,
        )


class _Labels:
    """What stands for what: the same data has the same label wherever it stands."""

    def __init__(self, *values: Json) -> None:
        # What looks like a label already is not one of ours, and must not become one.
        self._taken = set(chain.from_iterable(LABEL.findall(text) for text in _strings(*values)))
        self._of_data: dict[str, str] = {}
        self._numbers: dict[Kind, int] = {}
        self.originals: dict[str, Json] = {}

    def of(self, kind: Kind, data: str, original: Json) -> str:
        label = self._of_data.get(data)
        if label is None or self.originals[label] != original:
            label = self._of_data[data] = self._next(kind)
            self.originals[label] = original
        return label

    def _next(self, kind: Kind) -> str:
        while True:
            number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
            if (label := f"[{kind} {number}]") not in self._taken:
                return label


def _with_labels(value: Json, labels: _Labels) -> Json:
    match value:
        case bool():
            return value
        case int() if abs(value) >= 10 ** (FEWEST_DIGITS - 1):
            digits = str(value)
            found = personal_data(digits)
            whole = len(found) == 1 and (found[0].start, found[0].end) == (0, len(digits))
            return labels.of(found[0].kind, digits, value) if whole else value
        case str():
            return _text_with_labels(value, labels)
        case list():
            return [_with_labels(element, labels) for element in value]
        case dict():
            return {
                _text_with_labels(name, labels): _with_labels(member, labels)
                for name, member in value.items()
            }
        case _:
            return value


def _text_with_labels(text: str, labels: _Labels) -> str:
    pieces: list[str] = []
    at = 0
    for found in personal_data(text):
        data = text[found.start : found.end]
        pieces += [text[at : found.start], labels.of(found.kind, data, data)]
        at = found.end
    return "".join([*pieces, text[at:]]) if pieces else text


def _strings(*values: Json) -> Iterator[str]:
    strings: list[str] = []

    def keep(text: str) -> Json:
        strings.append(text)
        return text

    for value in values:
        with_strings(value, keep)
    return iter(strings)
