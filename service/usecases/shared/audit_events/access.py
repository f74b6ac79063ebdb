"""Entries about who may do what: API keys and people."""

from datetime import datetime

from service.domain.access import ApiKey, Person
from service.domain.audit import AuditDraft
from service.usecases.shared.audit_events.draft import draft


def draft_of_key(key: ApiKey, actor: str) -> AuditDraft:
    """An API key was made."""
    return draft(
        at=key.created_at,
        kind="key.created",
        subject=key.name,
        actor=actor,
        payload={
            "scopes": sorted(key.scopes),
            "gates": None if key.gates is None else sorted(key.gates),
        },
    )


def draft_of_key_revocation(name: str, actor: str, at: datetime) -> AuditDraft:
    return draft(at=at, kind="key.revoked", subject=name, actor=actor, payload={})


def draft_of_person(person: Person, actor: str) -> AuditDraft:
    """A person may sign in from now on."""
    return draft(
        at=person.created_at,
        kind="person.created",
        subject=person.name,
        actor=actor,
        payload={"role": person.role.value},
    )


def draft_of_person_disabling(name: str, actor: str, at: datetime) -> AuditDraft:
    return draft(at=at, kind="person.disabled", subject=name, actor=actor, payload={})
