"""A key is taken once, whoever asks at the same moment."""

from service.ports.repositories.idempotency import StoredAnswer
from service.store.sql_store import SqlStore
from tests.examples import MINUTE, NOW, a_decision
from tests.store.crowd import at_once


def test_fifty_requests_at_once_make_one_decision(store: SqlStore) -> None:
    def post(number: int) -> str:
        decision = a_decision(requested_by=f"request-{number}")
        with store.transaction() as tx:
            if tx.idempotency.claim("key:demo", "k", "fingerprint", NOW):
                tx.decisions.add([decision])
                tx.idempotency.store("key:demo", "k", {"decision_id": decision.id})
            answer = tx.idempotency.find("key:demo", "k")
            assert answer is not None
            return str(answer.answer["decision_id"])

    assert len(set(at_once(50, post))) == 1


def test_a_claim_that_is_rolled_back_frees_the_key(store: SqlStore) -> None:
    class Failed(Exception):
        pass

    try:
        with store.transaction() as tx:
            assert tx.idempotency.claim("key:demo", "k", "first", NOW)
            raise Failed
    except Failed:
        pass
    with store.transaction() as tx:
        assert tx.idempotency.claim("key:demo", "k", "second", NOW)


def test_keys_belong_to_who_asked(store: SqlStore) -> None:
    with store.transaction() as tx:
        assert tx.idempotency.claim("key:a", "k", "f", NOW)
        assert tx.idempotency.claim("key:b", "k", "f", NOW)
        assert not tx.idempotency.claim("key:a", "k", "other", NOW)
        tx.idempotency.store("key:a", "k", {"n": [1, None]})
        assert tx.idempotency.find("key:a", "k") == StoredAnswer(
            fingerprint="f", answer={"n": [1, None]}
        )


def test_there_is_no_answer_before_it_is_stored(store: SqlStore) -> None:
    with store.transaction() as tx:
        assert tx.idempotency.find("key:a", "k") is None
        tx.idempotency.claim("key:a", "k", "f", NOW)
    with store.reading() as tx:
        assert tx.idempotency.find("key:a", "k") is None


def test_old_keys_are_forgotten(store: SqlStore) -> None:
    with store.transaction() as tx:
        tx.idempotency.claim("key:a", "old", "f", NOW - MINUTE)
        tx.idempotency.claim("key:a", "new", "f", NOW)
        assert tx.idempotency.forget_before(NOW) == 1
        assert tx.idempotency.claim("key:a", "old", "f", NOW)
        assert not tx.idempotency.claim("key:a", "new", "f", NOW)
