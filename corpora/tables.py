"""Tables as sets are published and kept: CSV in UTF-8."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path


def rows_of(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a published table, by column; a byte order mark is no part of a column's name."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def rows_in(file: Path) -> list[dict[str, str]]:
    """The rows of a table that we keep."""
    return rows_of(file.read_bytes())


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table to keep, the same bytes for the same rows."""
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return kept.getvalue().encode("utf-8")
