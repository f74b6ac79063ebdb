"""Personal data behind labels, and the way back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.domain.values import Json

LABEL = re.compile(r"\[[a-z ]{2,20} [1-9][0-9]{0,5}\]")
"""`[email 1]`: a kind, and a number within the item."""


@dataclass(frozen=True, kw_only=True)
class Masked:
    """Values with labels in the place of personal data, and what each label stands for."""

    values: tuple[Json, ...]
    originals: Mapping[str, Json]


def restored(value: Json, originals: Mapping[str, Json]) -> Json:
    """The value with every label that is known replaced by what it stands for."""

    def of(text: str) -> Json:
        if text in originals:
            return originals[text]  # a number that was masked is a number again
        return LABEL.sub(lambda label: str(originals.get(label[0], label[0])), text)

    return with_strings(value, of) if originals else value


def with_strings(value: Json, change: Callable[[str], Json]) -> Json:
    """The JSON value with each of its strings changed, names of members included."""
    match value:
        case str():
            return change(value)
        case list():
            return [with_strings(element, change) for element in value]
        case dict():
            return {
                str(change(name)): with_strings(member, change) for name, member in value.items()
            }
        case _:
            return value
