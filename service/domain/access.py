"""Who may do what: API keys carry scopes, people carry a role; both may be bound to gates."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.domain.errors import Forbidden
from service.domain.review import Reviewer


class Scope(StrEnum):
    DECIDE = "decide"
    READ = "read"
    REVIEW = "review"
    MANAGE = "manage"
    ADMIN = "admin"


class Role(StrEnum):
    REVIEWER = "reviewer"
    EXPERT = "expert"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


SCOPES_OF_ROLE: dict[Role, frozenset[Scope]] = {
    Role.REVIEWER: frozenset({Scope.REVIEW}),
    Role.EXPERT: frozenset({Scope.REVIEW}),
    Role.MANAGER: frozenset({Scope.READ, Scope.REVIEW, Scope.MANAGE}),
    Role.AUDITOR: frozenset({Scope.READ}),
    Role.ADMINISTRATOR: frozenset(Scope),
}

_EXPERT_ROLES = frozenset({Role.EXPERT, Role.MANAGER, Role.ADMINISTRATOR})


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking. `gates` None means all gates."""

    name: str  # "key:demo" or "person:lin"
    scopes: frozenset[Scope]
    gates: frozenset[str] | None = None
    expert: bool = False

    def sees(self, gate: str) -> bool:
        return self.gates is None or gate in self.gates

    def demand(self, *any_of: Scope) -> None:
        """Raise Forbidden unless one of the scopes is held."""
        if not self.scopes.intersection(any_of):
            wanted = " or ".join(any_of)
            raise Forbidden(
                f"This needs the scope {wanted}.",
                fix="Use a key that has it, or ask an administrator for one.",
            )

    def demand_all_gates(self) -> None:
        """Raise Forbidden where only some gates may be seen."""
        if self.gates is not None:
            raise Forbidden("This is for those who may see every gate.")

    @property
    def reviewer(self) -> Reviewer:
        return Reviewer(name=self.name, expert=self.expert)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as stored: never the secret, only its hash."""

    name: str
    secret_hash: str
    scopes: frozenset[Scope]
    gates: frozenset[str] | None
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal(
            name=f"key:{self.name}",
            scopes=self.scopes,
            gates=self.gates,
            expert=Scope.ADMIN in self.scopes,
        )


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who signs in. `password_hash` is Argon2's encoded form."""

    name: str
    role: Role
    password_hash: str
    gates: frozenset[str] | None
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal(
            name=f"person:{self.name}",
            scopes=SCOPES_OF_ROLE[self.role],
            gates=self.gates,
            expert=self.role in _EXPERT_ROLES,
        )


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in browser: the cookie's token is stored hashed; `csrf` guards its forms."""

    token_hash: str
    person: str
    csrf: str
    created_at: datetime
    expires_at: datetime
