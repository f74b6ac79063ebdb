"""How items become what a model's graph takes: one row per graph input."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Item, Reads
from service.domain.errors import ScorerFailed
from service.scoring.unreadable import Part

type Row = NDArray[Any]


class ReaderKind(StrEnum):
    """The ways to read an item, as cards name them."""

    WORDPIECE = "wordpiece"
    NGRAMS = "ngrams"
    FIELDS = "fields"


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """What the model is given of one item: one row of numbers per graph input.

    `truncated`: the model sees the item's beginning alone. `unreadable`: a part of its text means
    nothing to the model. The length is that of the longest row,
    which decides whom the item runs with.
    """

    rows: Mapping[str, Row]
    truncated: bool = False
    unreadable: bool = False

    def __len__(self) -> int:
        return max(map(len, self.rows.values()))


class Reader(Protocol):
    """Reads items for one bundle. Any number of threads may call it at once."""

    reads: Reads

    def read(self, item: Item) -> Inputs:
        """Raises ScorerFailed where the model cannot read the item."""
        ...

    def read_all(self, items: Sequence[Item]) -> list[Inputs | ScorerFailed]:
        """The same of many items; in the place of one that the model cannot read, why not."""
        ...

    def unreadable(self, text: str) -> Sequence[Part]:
        """The parts of a text that the model cannot read."""
        ...

    def probe(self) -> Inputs:
        """Any inputs that the graph must be able to run."""
        ...


def collate(batch: Sequence[Inputs]) -> dict[str, Row]:
    """One array (items, longest) per graph input; shorter rows are padded with zeros."""
    arrays = {}
    for name, first in batch[0].rows.items():
        rows = [inputs.rows[name] for inputs in batch]
        arrays[name] = np.zeros((len(rows), max(map(len, rows))), dtype=first.dtype)
        for place, row in enumerate(rows):
            arrays[name][place, : len(row)] = row
    return arrays


def one_by_one(
    read: Callable[[Item], Inputs], items: Sequence[Item]
) -> list[Inputs | ScorerFailed]:
    """Each item as `read` reads it: one that it cannot read fails alone."""

    def found(item: Item) -> Inputs | ScorerFailed:
        try:
            return read(item)
        except ScorerFailed as failure:
            return failure
        except Exception as error:  # of whatever library: a lone surrogate, say
            return ScorerFailed(f"The item is unreadable: {type(error).__name__}.")

    return [found(item) for item in items]
