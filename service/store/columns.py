"""What columns are made of: moments, documents, numbers of a chain, on every backend alike."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC with microseconds, on every backend."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        # SQLite keeps datetimes as text, and SQLAlchemy takes ten times as long to write it.
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone.")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _text(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it for SQLite: without the offset moments sort as they should."""
    if value is None:
        return None
    return _text_of_utc(_in_utc(value))


@lru_cache(maxsize=64)  # what one decision writes says its moment up to eight times
def _text_of_utc(value: datetime) -> str:
    return value.isoformat(" ", "microseconds").removesuffix("+00:00")


Document = JSON(none_as_null=True)
Sequence = BigInteger().with_variant(Integer, "sqlite")


def key(name: str, type_: Any = String) -> Column[Any]:
    """A part of the primary key."""
    return Column(name, type_, primary_key=True, autoincrement=False)


def some(name: str, type_: Any = String, *constraints: Any) -> Column[Any]:
    """A column that always has a value."""
    return Column(name, type_, *constraints, nullable=False)


def maybe(name: str, type_: Any = String) -> Column[Any]:
    """A column that may be empty."""
    return Column(name, type_, nullable=True)
