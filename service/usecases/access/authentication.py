"""Access: who is asking? API keys and signed-in people; a failure never tells which part."""

import hashlib
import secrets
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.domain.access import ApiKey, Person, Principal, Role, Scope, Session
from service.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from service.ports.clock import Clock
from service.ports.store import Store
from service.usecases.shared.audit_events.access import (
    draft_of_key,
    draft_of_key_revocation,
    draft_of_person,
    draft_of_person_disabling,
)

SESSION_LASTS = timedelta(hours=12)
KEY_REMEMBERED_FOR = timedelta(seconds=4)
LOOKING_TAKES = timedelta(seconds=1)
"""How long a key is taken on trust after a look in the store, and for others while one looks: the
two together are how late a revocation can bite."""
SHORTEST_PASSWORD = 8
KEY_PREFIX = "cg_"

_hasher = PasswordHasher()
_HASHING = threading.BoundedSemaphore(2)
"""A hash is slow and takes 64 MiB by design: a crowd at the door must not take the whole house."""


@cache
def _nobody() -> str:
    """Verified against where there is no such person, so that timing does not tell who exists."""
    return _hasher.hash(secrets.token_hex(16))


def hash_secret(secret: str) -> str:
    """SHA-256 of a random secret: keys and session tokens have too much entropy to be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Doorkeeper:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[Principal, datetime]] = {}

    # --- API keys ---

    def remembered(self, secret: str) -> Principal | None:
        """The key's principal if it was looked up within KEY_REMEMBERED_FOR; no query.

        Then one caller is sent to look again, and not everybody who asks at that moment.
        """
        secret_hash, now = hash_secret(secret), self._clock.now()
        known = self._known.get(secret_hash)
        if known is None:
            return None
        principal, until = known
        if now < until:
            return principal
        self._known[secret_hash] = principal, now + LOOKING_TAKES
        return None

    def who_has_key(self, secret: str) -> Principal:
        """The key's principal. Raises Unauthenticated for an unknown or revoked key."""
        secret_hash = hash_secret(secret)
        with self._store.reading() as tx:
            key = tx.access.key_by_hash(secret_hash)
        if key is None or key.revoked_at is not None:
            self._known.pop(secret_hash, None)
            raise Unauthenticated(
                "The API key is not known.",
                fix="Send Authorization: Bearer KEY; make a key with `python -m service apikey`.",
            )
        self._known[secret_hash] = (key.principal, self._clock.now() + KEY_REMEMBERED_FOR)
        return key.principal

    def create_key(
        self,
        name: str,
        scopes: frozenset[Scope],
        gates: frozenset[str] | None,
        *,
        secret: str | None = None,
        actor: str,
    ) -> str:
        """Make a key and return its secret, which is shown once and stored only as a hash."""
        secret = secret or KEY_PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            name=name,
            secret_hash=hash_secret(secret),
            scopes=scopes,
            gates=gates,
            created_at=self._clock.now(),
        )
        with self._store.transaction() as tx:
            existing = tx.access.keys()
            if any(known.name == name for known in existing):
                raise Conflict(f"There is an API key named {name!r} already.")
            tx.access.add_key(key)
            tx.audit.append([draft_of_key(key, actor)])
        return secret

    def revoke_key(self, name: str, *, actor: str) -> None:
        now = self._clock.now()
        with self._store.transaction() as tx:
            if not tx.access.revoke_key(name, now):
                raise NotFound(f"There is no API key named {name!r} in force.")
            tx.audit.append([draft_of_key_revocation(name, actor, now)])

    def list_keys(self) -> list[ApiKey]:
        with self._store.reading() as tx:
            return tx.access.keys()

    # --- people ---

    def create_person(
        self,
        name: str,
        password: str,
        role: Role,
        gates: frozenset[str] | None,
        *,
        actor: str,
    ) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise InvalidInput(f"A password needs at least {SHORTEST_PASSWORD} characters.")
        now = self._clock.now()
        with self._store.transaction() as tx:
            if tx.access.person(name) is not None:
                raise Conflict(f"There is a person named {name!r} already.")
            person = Person(
                name=name,
                role=role,
                password_hash=_hasher.hash(password),
                gates=gates,
                created_at=now,
            )
            tx.access.add_person(person)
            tx.audit.append([draft_of_person(person, actor)])

    def disable_person(self, name: str, *, actor: str) -> None:
        now = self._clock.now()
        with self._store.transaction() as tx:
            person = tx.access.person(name)
            if person is None:
                raise NotFound(f"There is no person named {name!r}.")
            tx.access.save_person(replace(person, disabled_at=now))
            tx.audit.append([draft_of_person_disabling(name, actor, now)])

    def list_people(self) -> list[Person]:
        with self._store.reading() as tx:
            return tx.access.people()

    # --- sessions ---

    def sign_in(self, name: str, password: str) -> tuple[str, Session]:
        """A new session and its secret token. Raises Unauthenticated without saying why."""
        with self._store.reading() as tx:
            person = tx.access.person(name)
        known = person is not None and person.disabled_at is None
        matches = _matches(person.password_hash if person else _nobody(), password)
        if not (known and matches):
            raise Unauthenticated("The name or the password is not right.")
        now = self._clock.now()
        token = secrets.token_urlsafe(32)
        session = Session(
            token_hash=hash_secret(token),
            person=name,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + SESSION_LASTS,
        )
        with self._store.transaction() as tx:
            tx.access.add_session(session)
        return token, session

    def who_is_signed_in(self, token: str) -> tuple[Principal, Session]:
        """The person behind a session's token. Raises Unauthenticated once it has ended."""
        with self._store.reading() as tx:
            session = tx.access.session(hash_secret(token))
            person = tx.access.person(session.person) if session else None
        if (
            session is None
            or person is None
            or person.disabled_at is not None
            or self._clock.now() >= session.expires_at
        ):
            raise Unauthenticated("The session has ended.", fix="Sign in again.")
        return person.principal, session

    def sign_out(self, token: str) -> None:
        with self._store.transaction() as tx:
            tx.access.end_session(hash_secret(token))


def _matches(encoded: str, password: str) -> bool:
    try:
        with _HASHING:
            return _hasher.verify(encoded, password)
    except (VerificationError, InvalidHashError):
        return False
