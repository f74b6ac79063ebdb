"""Keys, people, sessions and policies come back as they went in."""

from dataclasses import replace
from typing import Any

import pytest

from service.domain.access import ApiKey, Person, Role, Scope, Session
from service.domain.change import Cause, Change
from service.domain.errors import ChangedMeanwhile, Conflict
from service.ports.repositories.policies import StoredPolicy
from service.store.sql_store import SqlStore
from tests.examples import MINUTE, NOW


def a_key(**changes: Any) -> ApiKey:
    given: dict[str, Any] = {
        "name": "demo",
        "secret_hash": "5ec4e7",
        "scopes": frozenset({Scope.DECIDE, Scope.READ}),
        "gates": None,
        "created_at": NOW,
    }
    return ApiKey(**given | changes)


def a_person(**changes: Any) -> Person:
    given: dict[str, Any] = {
        "name": "lin",
        "role": Role.REVIEWER,
        "password_hash": "$argon2id$",
        "gates": frozenset({"toys", "books"}),
        "created_at": NOW,
    }
    return Person(**given | changes)


def a_policy(gate: str, version: int, cause: Cause = Cause.FILE, **more: Any) -> StoredPolicy:
    return StoredPolicy(
        gate=gate,
        version=version,
        document={"thresholds": {"low": 0.1, "high": None}},
        change=Change(cause=cause, actor="person:lin", **more),
        created_at=NOW,
    )


def test_keys_come_back(store: SqlStore) -> None:
    free = a_key()
    bound = a_key(name="bound", secret_hash="b0", gates=frozenset({"toys"}))
    nowhere = a_key(name="nowhere", secret_hash="a0", gates=frozenset(), revoked_at=NOW)
    with store.transaction() as tx:
        for key in (free, bound, nowhere):
            tx.access.add_key(key)
        assert tx.access.keys() == [bound, free, nowhere]
        assert tx.access.key_by_hash("b0") == bound
        assert tx.access.key_by_hash("none") is None


@pytest.mark.parametrize("change", [{"name": "other"}, {"secret_hash": "other"}])
def test_a_second_key_of_that_name_or_secret_is_refused(
    store: SqlStore, change: dict[str, str]
) -> None:
    with store.transaction() as tx:
        tx.access.add_key(a_key())
    with pytest.raises(Conflict), store.transaction() as tx:
        tx.access.add_key(a_key(**change))


def test_a_key_is_revoked_once(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.access.add_key(a_key())
        assert tx.access.revoke_key("demo", NOW)
        assert not tx.access.revoke_key("demo", NOW + MINUTE)
        assert not tx.access.revoke_key("nobody", NOW)
        assert tx.access.keys() == [a_key(revoked_at=NOW)]


def test_people_come_back_and_change(store: SqlStore) -> None:
    lin, mei = a_person(), a_person(name="mei", gates=None, role=Role.MANAGER)
    with store.transaction() as tx:
        tx.access.add_person(mei)
        tx.access.add_person(lin)
        assert tx.access.people() == [lin, mei]
        changed = replace(lin, role=Role.EXPERT, gates=None, disabled_at=NOW)
        tx.access.save_person(changed)
        assert tx.access.person("lin") == changed
        assert tx.access.person("nobody") is None
    with pytest.raises(Conflict), store.transaction() as tx:
        tx.access.add_person(lin)


def test_sessions_begin_and_end(store: SqlStore) -> None:
    brief = Session(
        token_hash="t1", person="lin", csrf="c", created_at=NOW, expires_at=NOW + MINUTE
    )
    long = replace(brief, token_hash="t2", expires_at=NOW + 9 * MINUTE)
    with store.transaction() as tx:
        tx.access.add_person(a_person())
        tx.access.add_session(brief)
        tx.access.add_session(long)
        assert tx.access.session("t1") == brief
        assert tx.access.end_sessions_before(NOW + MINUTE) == 1
        assert tx.access.session("t1") is None
        assert tx.access.session("t2") == long
        tx.access.end_session("t2")
        assert tx.access.session("t2") is None


def test_the_newest_policy_of_each_gate_counts(store: SqlStore) -> None:
    with store.transaction() as tx:
        for gate, version in [("toys", 1), ("toys", 2), ("books", 1)]:
            tx.policies.add(a_policy(gate, version))
        assert tx.policies.latest() == [a_policy("books", 1), a_policy("toys", 2)]


def test_a_version_comes_back_with_its_cause(store: SqlStore) -> None:
    put = a_policy("toys", 2, Cause.PUT, note="fewer returns 退货")
    back = a_policy("toys", 3, Cause.ROLLBACK, restores=1)
    with store.transaction() as tx:
        for policy in (a_policy("toys", 1), put, back):
            tx.policies.add(policy)
        assert tx.policies.get("toys", 2) == put
        assert tx.policies.get("toys", 3) == back
        assert tx.policies.get("toys", 4) is None
        assert tx.policies.get("books", 1) is None
        assert tx.policies.latest(causes=[Cause.FILE]) == [a_policy("toys", 1)]
        assert tx.policies.latest(causes=[Cause.FILE, Cause.PUT]) == [put]


def test_a_version_is_written_once(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.policies.add(a_policy("toys", 1))
    with pytest.raises(ChangedMeanwhile), store.transaction() as tx:
        tx.policies.add(a_policy("toys", 1))
