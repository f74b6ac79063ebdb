"""Retrainings, on every backend."""

from dataclasses import replace

from service.domain.ids import GateName
from service.domain.retraining import Retraining, comparison_of
from service.store.sql_store import SqlStore
from tests.examples import GATE, NOW

ONE = Retraining(
    gate=GATE,
    number=1,
    at=NOW,
    actor="command line",
    champion="m@1",
    challenger="m@2",
    data="content-moderation@a",
    beats=False,
    judgement={"gain": -0.5, "needed": None, "judges": "j1"},
)


def test_what_was_written_comes_back_newest_first(store: SqlStore) -> None:
    second = replace(ONE, number=2, data="content-moderation@b", beats=True)
    with store.transaction() as tx:
        assert tx.retrainings.add(ONE)
        assert tx.retrainings.add(second)
        assert tx.retrainings.add(replace(ONE, gate=GateName("other")))
        assert not tx.retrainings.add(replace(ONE, actor="somebody else"))
    with store.reading() as tx:
        assert tx.retrainings.of(GATE) == [second, ONE]


def test_the_same_champion_on_the_same_data_is_the_same_comparison() -> None:
    assert comparison_of([], "m@1", "d@1", "j1") == 1
    assert comparison_of([ONE], "m@1", ONE.data, "j1") == 1
    assert comparison_of([ONE], "m@2", ONE.data, "j1") == 2
    assert comparison_of([ONE], "m@1", "d@2", "j1") == 2
    assert comparison_of([ONE], "m@1", ONE.data, "j2") == 2, "judged by others"
