"""Changing a gate by hand: nobody's change is lost, everything can be put back, causes are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.domain.access import Principal, Scope
from service.domain.certificate import Costs, RiskContract, Target
from service.domain.change import Cause
from service.domain.decision import Thresholds
from service.domain.errors import ChangedMeanwhile, Forbidden, UnknownGate, UnknownVersion
from service.domain.gate import CLOSED, GatePolicy
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.usecases.gates.change_gate import ChangeGate
from tests.usecases.acting import keyed, told_again
from tests.usecases.certification.test_certify import sample
from tests.usecases.conftest import ANN, POLICY, House

CONTRACT = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.02, wrong_rejections=0.02)
STRICT = Thresholds(low=0.01, high=0.99)


def shown(stored: StoredPolicy) -> dict[str, Any]:
    return {"version": stored.version, "cause": stored.change.cause.value}


def to(**changes: Any) -> Callable[[GatePolicy], GatePolicy]:
    return lambda known: replace(known, **changes)


@pytest.fixture
def changes(house: House) -> ChangeGate:
    return ChangeGate(store=house.store, gates=house.gates, bus=house.bus, clock=house.clock)


def history(house: House) -> list[StoredPolicy]:
    return house.gates.versions("gate", ANN, Page())


def now(house: House) -> GatePolicy:
    return house.gates.get("gate", ANN)


def test_a_change_is_a_version_with_author_cause_and_note(
    house: House, changes: ChangeGate
) -> None:
    stored = changes.put("gate", to(thresholds=STRICT), ANN, over=1, note="too lax")
    assert shown(stored) == {"version": 2, "cause": "put"}
    assert now(house).thresholds == STRICT
    change = history(house)[0].change
    assert (change.cause, change.actor, change.note) == (Cause.PUT, "person:ann", "too lax")
    with house.store.reading() as tx:
        entry, payload = list(tx.audit.entries())[-1]
    assert (entry.kind, entry.subject, entry.actor) == ("gate.changed", "gate", "person:ann")
    assert payload
    assert (payload.payload["cause"], payload.payload["note"]) == ("put", "too lax")


def test_the_second_of_two_editors_overwrites_nothing(house: House, changes: ChangeGate) -> None:
    changes.put("gate", to(thresholds=STRICT), ANN, over=1)
    with pytest.raises(ChangedMeanwhile, match="at version 2, not 1"):
        changes.put("gate", to(thresholds=CLOSED), ANN, over=1)
    assert now(house).thresholds == STRICT


def test_a_request_sent_twice_changes_once(house: House, changes: ChangeGate) -> None:
    def put() -> StoredPolicy:
        request = keyed("k", shown)
        return changes.put("gate", to(thresholds=STRICT), ANN, over=1, request=request)

    first = put()
    again = told_again(put)
    assert shown(first) == again
    assert len(history(house)) == 2


def test_the_same_again_is_no_new_version(house: House, changes: ChangeGate) -> None:
    assert changes.put("gate", to(), ANN, over=1).version == 1
    assert changes.put("gate", to(), ANN, over=None).version == 1
    assert len(history(house)) == 1


@pytest.mark.parametrize("scopes", [set(), {Scope.READ, Scope.REVIEW, Scope.DECIDE}])
def test_only_those_who_manage_may(house: House, changes: ChangeGate, scopes: set[Scope]) -> None:
    stranger = Principal(name="key:x", scopes=frozenset(scopes))
    with pytest.raises(Forbidden):
        changes.put("gate", to(thresholds=STRICT), stranger, over=1)
    with pytest.raises(Forbidden):
        changes.put_back("gate", 1, stranger, over=1)
    elsewhere = replace(ANN, gates=frozenset({"other"}))
    with pytest.raises(UnknownGate):
        changes.put("gate", to(thresholds=STRICT), elsewhere, over=1)
    assert now(house).version == 1


def test_an_earlier_version_is_put_back_as_a_new_one_that_names_it(
    house: House, changes: ChangeGate
) -> None:
    changes.put("gate", to(thresholds=STRICT), ANN, over=1)
    changes.put_back("gate", 1, ANN, over=2, note="sorry")
    assert now(house) == replace(POLICY, version=3, created_at=now(house).created_at)
    change = history(house)[0].change
    assert (change.cause, change.restores, change.note) == (Cause.ROLLBACK, 1, "sorry")
    with pytest.raises(UnknownVersion):
        changes.put_back("gate", 9, ANN, over=3)
    with pytest.raises(ChangedMeanwhile):
        changes.put_back("gate", 1, ANN, over=2)


class TestWhatWasEarned:
    @pytest.fixture(autouse=True)
    def _certified(self, house: House) -> None:
        self.house = house
        house.adopt(POLICY, thresholds=CLOSED, contract=CONTRACT)
        self.certify(4000)

    def certify(self, labels: int, **how: Any) -> None:
        self.house.certifier()(
            now(self.house), sample(labels, **how), None, source="signal:score", actor="test"
        )

    def test_stays_where_the_promises_stay(self, house: House, changes: ChangeGate) -> None:
        earned = now(house).certified
        costs = Costs(wrong_approval=5, wrong_rejection=1, review_minute=0.5)
        priced = replace(CONTRACT, costs=costs, reviews_a_day=50)
        changes.put("gate", to(contract=priced), ANN, over=3)
        assert now(house).certified == earned
        stricter = replace(CONTRACT, wrong_approvals=0.001)
        changes.put("gate", to(contract=stricter), ANN, over=4)
        assert now(house).certified == {}

    def test_comes_back_with_its_version(self, house: House, changes: ChangeGate) -> None:
        earned = now(house).certified
        changes.put("gate", to(contract=None, thresholds=STRICT), ANN, over=3)
        assert now(house).certified == {}
        changes.put_back("gate", 3, ANN, over=4)
        assert now(house).certified == earned

    def test_does_not_outlive_labels_that_say_otherwise(
        self, house: House, changes: ChangeGate
    ) -> None:
        """No shopping among certificates: the newest of a promise is the one that counts."""
        assert now(house).rule_for(None).thresholds != CLOSED
        self.certify(20)
        assert now(house).rule_for(None).thresholds == CLOSED
        changes.put_back("gate", 3, ANN, over=4)
        assert now(house).rule_for(None).thresholds == CLOSED


class TestTheFile:
    def test_counts_while_nobody_changed_the_gate(self, house: House) -> None:
        house.adopt(POLICY, thresholds=STRICT)
        assert now(house).thresholds == STRICT
        assert not house.gates.is_overruled("gate")

    def test_does_not_undo_a_change_and_warns(self, house: House, changes: ChangeGate) -> None:
        changes.put("gate", to(thresholds=STRICT), ANN, over=1)
        with capture_logs() as said:
            house.adopt(POLICY)
        assert (said, now(house).thresholds) == ([], STRICT), "the file is as it was"
        with capture_logs() as said:
            house.adopt(POLICY, thresholds=CLOSED)
        assert (now(house).version, now(house).thresholds) == (2, STRICT)
        assert house.gates.is_overruled("gate")
        [warning] = said
        assert (warning["event"], warning["log_level"]) == ("gate.file_ignored", "warning")
        assert (warning["gate"], warning["changed_by"]) == ("gate", "person:ann")

    def test_counts_again_from_where_both_say_the_same(
        self, house: House, changes: ChangeGate
    ) -> None:
        changes.put("gate", to(thresholds=STRICT), ANN, over=1)
        house.adopt(POLICY, thresholds=STRICT)
        assert not house.gates.is_overruled("gate")
        house.adopt(POLICY, thresholds=CLOSED)
        assert now(house).thresholds == CLOSED
        causes = [one.change.cause for one in history(house)]
        assert causes == [Cause.FILE, Cause.FILE, Cause.PUT, Cause.FILE]

    def test_does_not_undo_what_was_put_back_either(
        self, house: House, changes: ChangeGate
    ) -> None:
        house.adopt(POLICY, thresholds=STRICT)
        changes.put_back("gate", 1, ANN, over=2)
        house.adopt(POLICY, thresholds=CLOSED)
        assert now(house).thresholds == POLICY.thresholds
