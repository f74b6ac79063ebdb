"""A record's fields as one row of `features`: numbers standardised, categories one-hot.

What a column cannot say is never guessed: a record without it has no score, and people look at it,
unless the bundle itself says what a missing value counts as.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from service.domain.decision import Item, Reads
from service.domain.errors import BrokenBundle, ScorerFailed
from service.domain.values import Json
from service.scoring.reading import Inputs, one_by_one
from service.scoring.unreadable import Part

FEATURES = "features"
"""The input of graphs that take fields."""

DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")


class Column(Protocol):
    """One field of the record."""

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int:
        """How many features it makes."""
        ...

    @property
    def alternatives(self) -> Sequence[Json]:
        """Values that the field might have had: all of a category's, the mean of a number."""
        ...

    def features(self, value: Json) -> Sequence[float]:
        """Raises ScorerFailed for a value that is not there or cannot be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class NumericColumn:
    """(value - mean) / scale. A missing value counts as `missing`, in the field's own unit; where
    that is None the value is required. Decimal numbers may come as text."""

    name: str
    mean: float
    scale: float
    missing: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"column {self.name!r} needs a mean, and a scale above 0")

    @property
    def width(self) -> int:
        return 1

    @property
    def alternatives(self) -> Sequence[Json]:
        return (self.mean,)

    def features(self, value: Json) -> Sequence[float]:
        return ((self._number(value) - self.mean) / self.scale,)

    def _number(self, value: Json) -> float:
        if value is None:
            if self.missing is None:
                raise ScorerFailed(f"The field {self.name!r} is missing.")
            return self.missing
        decimal = isinstance(value, str) and DECIMAL.fullmatch(value.strip())
        if isinstance(value, bool) or not (decimal or isinstance(value, int | float)):
            raise ScorerFailed(f"The field {self.name!r} is not a number.")
        number = float(str(value))  # by its text: a number past all floats is infinite, no error
        if not math.isfinite(number):
            raise ScorerFailed(f"The field {self.name!r} is not a finite number.")
        return number


@dataclass(frozen=True, kw_only=True)
class CategoricalColumn:
    """One feature per known value, and one more for `unknown` ones where the bundle was trained on
    such. A missing value counts as `missing`, one of the known; where that is None it is required.
    Numbers and truth values are read as JSON writes them."""

    name: str
    values: tuple[str, ...]
    unknown: bool = False
    missing: str | None = None

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) < len(self.values):
            raise ValueError(f"column {self.name!r} needs values, each once")
        if self.missing is not None and self.missing not in self.values:
            raise ValueError(f"column {self.name!r} takes missing for a value that it lacks")

    @property
    def width(self) -> int:
        return len(self.values) + self.unknown

    @property
    def alternatives(self) -> Sequence[Json]:
        return self.values

    def features(self, value: Json) -> Sequence[float]:
        row = [0.0] * self.width
        row[self._place(value)] = 1.0
        return row

    def _place(self, value: Json) -> int:
        if value is None:
            value = self.missing
        if value is None:
            raise ScorerFailed(f"The field {self.name!r} is missing.")
        if isinstance(value, dict | list):
            raise ScorerFailed(f"The field {self.name!r} is not a single value.")
        named = value.strip() if isinstance(value, str) else json.dumps(value)
        if named in self.values:
            return self.values.index(named)
        if self.unknown:
            return len(self.values)
        raise ScorerFailed(f"The field {self.name!r} has a value that the model does not know.")


class FieldsReader:
    """Reads a record's fields, column by column. Fields without a column are not read."""

    reads = Reads.FIELDS

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)

    @property
    def width(self) -> int:
        """How many features a record makes."""
        return sum(column.width for column in self.columns)

    @property
    def alternatives(self) -> Mapping[str, Sequence[Json]]:
        """Values that each field might have had."""
        return {column.name: column.alternatives for column in self.columns}

    def read(self, item: Item) -> Inputs:
        features = [
            feature
            for column in self.columns
            for feature in column.features(item.fields.get(column.name))
        ]
        return Inputs(rows={FEATURES: np.array(features, dtype=np.float32)})

    def read_all(self, items: Sequence[Item]) -> list[Inputs | ScorerFailed]:
        return one_by_one(self.read, items)

    def unreadable(self, text: str) -> Sequence[Part]:  # noqa: ARG002 (of the protocol)
        """None: no text is read."""
        return ()

    def probe(self) -> Inputs:
        return Inputs(rows={FEATURES: np.zeros(self.width, dtype=np.float32)})


def fields_reader(document: Mapping[str, Any]) -> FieldsReader:
    """The reader of a bundle's fields.json. Raises BrokenBundle where it describes none."""
    try:
        columns = [_column(dict(column)) for column in document["columns"]]
        if not columns or len({column.name for column in columns}) < len(columns):
            raise ValueError("needs columns, each once")
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenBundle(f"The bundle's fields.json {error}.") from error
    return FieldsReader(columns)


def _column(keys: dict[str, Any]) -> Column:
    match keys.pop("kind"):
        case "numeric":
            return NumericColumn(**keys)
        case "categorical":
            return CategoricalColumn(**{**keys, "values": tuple(keys["values"])})
        case other:
            raise ValueError(f"has a column of kind {other!r}")
