"""Which version is wanted, and where going back leads, by a model's history."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import Conflict
from service.domain.model import (
    Activation,
    ActivationState,
    activation,
    roll_back,
    settled,
    wanted,
)
from tests.examples import NOW

SHIPPED = "m@0"
TAKEN_OVER, FAILED, OVERTAKEN = (
    ActivationState.TAKEN_OVER,
    ActivationState.FAILED,
    ActivationState.OVERTAKEN,
)


class History:
    """What happens to a model, the newest first."""

    def __init__(self, shipped: str | None = SHIPPED) -> None:
        self.shipped = shipped
        self.rows: list[Activation] = []

    def activate(self, version: str, end: ActivationState | None = TAKEN_OVER) -> None:
        made = activation(self.rows, "m", version, shipped=self.shipped, actor="a", at=NOW)
        self._add(made, end)

    def roll_back(self, end: ActivationState | None = TAKEN_OVER) -> None:
        self._add(roll_back(self.rows, shipped=self.shipped, actor="a", at=NOW), end)

    def _add(self, made: Activation, end: ActivationState | None) -> None:
        self.rows = [
            settled(row, OVERTAKEN, "", NOW) if row.state is ActivationState.PENDING else row
            for row in self.rows
        ]
        self.rows.insert(0, settled(made, end, "", NOW) if end else made)

    @property
    def wanted(self) -> str | None:
        found = wanted(self.rows)
        return found.version if found else self.shipped


def test_going_back_leads_through_all_that_were_there_to_the_shipped_one() -> None:
    model = History()
    for version in ("m@1", "m@2", "m@3"):
        model.activate(version)
    been = []
    for _ in range(3):
        model.roll_back()
        been.append(model.wanted)
    assert been == ["m@2", "m@1", SHIPPED]
    with pytest.raises(Conflict, match="No version was active before"):
        model.roll_back()


def test_one_that_failed_changes_nothing() -> None:
    model = History()
    model.activate("m@1")
    model.activate("m@2", FAILED)
    assert model.wanted == "m@1"
    model.roll_back()
    assert model.wanted == SHIPPED


def test_one_that_nobody_took_over_yet_is_wanted_but_never_gone_back_to() -> None:
    model = History()
    model.activate("m@1", None)
    assert model.wanted == "m@1"
    model.activate("m@2")
    assert model.rows[0].replaces == SHIPPED
    assert model.rows[1].state is OVERTAKEN
    model.roll_back()
    assert model.wanted == SHIPPED


def test_what_is_active_is_not_activated_again() -> None:
    model = History()
    with pytest.raises(Conflict, match="active already"):
        model.activate(SHIPPED)
    model.activate("m@1")
    with pytest.raises(Conflict, match="active already"):
        model.activate("m@1")
    model.activate(SHIPPED)
    assert model.wanted == SHIPPED


def test_a_model_that_was_not_shipped_has_nothing_to_go_back_to_at_first() -> None:
    model = History(shipped=None)
    assert model.wanted is None
    model.activate("m@1")
    with pytest.raises(Conflict):
        model.roll_back()


@given(st.lists(st.tuples(st.sampled_from("0123"), st.sampled_from([TAKEN_OVER, FAILED, None]))))
def test_going_back_comes_to_an_end(steps: list[tuple[str, ActivationState | None]]) -> None:
    model = History()
    for version, end in steps:
        if model.wanted != f"m@{version}":
            model.activate(f"m@{version}", end)
    for _ in range(len(steps)):
        try:
            model.roll_back()
        except Conflict:
            break
    else:
        with pytest.raises(Conflict):
            model.roll_back()


def test_numbers_follow_each_other() -> None:
    model = History()
    model.activate("m@1")
    model.activate("m@2", FAILED)
    model.roll_back()
    assert [row.number for row in model.rows] == [3, 2, 1]
    assert replace(model.rows[0], number=9).replaces == "m@1"
