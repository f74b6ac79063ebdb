"""API keys, people, and their sessions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from service.domain.access import ApiKey, Person, Role, Scope, Session
from service.domain.errors import Conflict
from service.store import tables
from service.store.statements import insert_unless_taken

_key = tables.api_keys.c
_person = tables.people.c
_session = tables.sessions.c


class SqlAccess:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_key(self, key: ApiKey) -> None:
        """Raises Conflict where a key of that name, or with that secret, is stored already."""
        row = {
            "name": key.name,
            "secret_hash": key.secret_hash,
            "scopes": sorted(key.scopes),
            "gates": _sorted(key.gates),
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        if not insert_unless_taken(self._connection, tables.api_keys, row):
            raise Conflict(f"There is an API key {key.name}, or one with this secret, already.")

    def key_by_hash(self, secret_hash: str) -> ApiKey | None:
        query = select(tables.api_keys).where(_key.secret_hash == secret_hash)
        row = self._connection.execute(query).one_or_none()
        return _key_of(row) if row else None

    def keys(self) -> list[ApiKey]:
        query = select(tables.api_keys).order_by(_key.name)
        return [_key_of(row) for row in self._connection.execute(query)]

    def revoke_key(self, name: str, now: datetime) -> bool:
        """False where no key of that name was valid."""
        valid = (_key.name == name) & _key.revoked_at.is_(None)
        revoked = update(tables.api_keys).where(valid).values(revoked_at=now)
        return self._connection.execute(revoked).rowcount == 1

    def add_person(self, person: Person) -> None:
        """Raises Conflict where somebody has that name already."""
        if not insert_unless_taken(self._connection, tables.people, _person_row(person)):
            raise Conflict(f"There is somebody called {person.name} already.")

    def person(self, name: str) -> Person | None:
        query = select(tables.people).where(_person.name == name)
        row = self._connection.execute(query).one_or_none()
        return _person_of(row) if row else None

    def people(self) -> list[Person]:
        query = select(tables.people).order_by(_person.name)
        return [_person_of(row) for row in self._connection.execute(query)]

    def save_person(self, person: Person) -> None:
        self._connection.execute(
            update(tables.people).where(_person.name == person.name).values(_person_row(person))
        )

    def add_session(self, session: Session) -> None:
        self._connection.execute(
            insert(tables.sessions).values(
                token_hash=session.token_hash,
                person=session.person,
                csrf=session.csrf,
                created_at=session.created_at,
                expires_at=session.expires_at,
            )
        )

    def session(self, token_hash: str) -> Session | None:
        query = select(tables.sessions).where(_session.token_hash == token_hash)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return Session(
            token_hash=row.token_hash,
            person=row.person,
            csrf=row.csrf,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

    def end_session(self, token_hash: str) -> None:
        self._connection.execute(delete(tables.sessions).where(_session.token_hash == token_hash))

    def end_sessions_before(self, moment: datetime) -> int:
        over = delete(tables.sessions).where(_session.expires_at <= moment)
        return self._connection.execute(over).rowcount


def _sorted(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _frozen(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _key_of(row: Row[Any]) -> ApiKey:
    return ApiKey(
        name=row.name,
        secret_hash=row.secret_hash,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        gates=_frozen(row.gates),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _person_row(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "role": person.role,
        "password_hash": person.password_hash,
        "gates": _sorted(person.gates),
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
    }


def _person_of(row: Row[Any]) -> Person:
    return Person(
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        gates=_frozen(row.gates),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
