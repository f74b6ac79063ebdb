"""Activations: one history for all, and one end for each."""

from datetime import timedelta
from typing import Any

import pytest

from service.domain.errors import Conflict
from service.domain.model import Activation, ActivationCause, ActivationState, settled
from service.store.sql_store import SqlStore
from tests.examples import NOW
from tests.store.crowd import at_once


def an_activation(**changes: Any) -> Activation:
    given: dict[str, Any] = {
        "model": "embedded",
        "number": 1,
        "version": "embedded@bbbb",
        "replaces": "embedded@aaaa",
        "back_to": None,
        "cause": ActivationCause.ACTIVATE,
        "actor": "lin",
        "at": NOW,
    }
    return Activation(**given | changes)


def keep(store: SqlStore, *activations: Activation) -> None:
    with store.transaction() as tx:
        for one in activations:
            tx.activations.add(one)


def test_what_is_stored_comes_back_newest_first_by_model(store: SqlStore) -> None:
    first = an_activation()
    second = an_activation(number=2, cause=ActivationCause.ROLL_BACK, back_to=1, replaces=None)
    other = an_activation(model="chinese")
    keep(store, first, second, other)
    with store.reading() as tx:
        assert tx.activations.history("embedded") == [second, first]
        assert tx.activations.history() == [other, second, first]
        assert tx.activations.history("none") == []


def test_a_number_is_taken_once(store: SqlStore) -> None:
    keep(store, an_activation())
    with pytest.raises(Conflict, match="activated meanwhile"):
        keep(store, an_activation(version="embedded@cccc"))


def test_of_ten_at_once_one_is_written(store: SqlStore) -> None:
    def activate(number: int) -> bool:
        try:
            keep(store, an_activation(actor=f"person {number}"))
        except Conflict:
            return False
        return True

    assert sum(at_once(10, activate)) == 1


def test_the_first_to_end_it_decides_how(store: SqlStore) -> None:
    pending = an_activation()
    keep(store, pending)
    later = NOW + timedelta(seconds=2)
    failed = settled(pending, ActivationState.FAILED, "The graph does not run.", later)
    with store.transaction() as tx:
        assert tx.activations.settle(failed)
    with store.transaction() as tx:
        assert not tx.activations.settle(settled(pending, ActivationState.TAKEN_OVER, "", later))
    with store.reading() as tx:
        assert tx.activations.history("embedded") == [failed]
