"""A score that rests on half a text decides nothing."""

import asyncio
import math
from typing import ClassVar

from service.domain.decision import Item, Reads, Reason, Score, Spread, Zone
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from tests.usecases.acting import ids
from tests.usecases.conftest import ANN, POLICY, House


class Sure:
    """A scorer that is sure of everything, having read the beginning."""

    labels = ("good", "bad")
    version = "sure@1"
    reads = Reads.TEXT

    def __init__(self, *, truncated: bool) -> None:
        self._truncated = truncated

    explains = False
    alternatives: ClassVar[dict[str, list[str]]] = {}

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        return Score(
            probabilities={"good": 1.0, "bad": 0.0},
            model_version=self.version,
            truncated=self._truncated,
        )

    def calibrate(self, raw: float, spread: Spread | None) -> float:
        return raw

    def close(self) -> None:
        """Holds nothing."""


def zone(house: House, *, truncated: bool) -> tuple[str, Reason]:
    house.adopt(POLICY, scorer="sure")
    decide = DecideItem(
        gates=house.gates,
        assessor=GuardedAssessor(Assessor({"sure": Sure(truncated=truncated)}), TextGuard()),
        recorder=house.recorder,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
        redactor=LabelRedactor(),
    )
    order = DecisionOrder(gate="gate", item=Item(text="a benign beginning ..."))
    asked = ids(asyncio.run(decide(order, ANN)))
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([asked["decision"]]).values()
    return asked["zone"], decision.reason


def test_a_text_read_to_its_end_may_be_approved(house: House) -> None:
    assert zone(house, truncated=False) == (Zone.AUTO_APPROVE, Reason.ABOVE_HIGH)


def test_a_text_cut_short_is_for_people(house: House) -> None:
    assert zone(house, truncated=True) == (Zone.HUMAN_REVIEW, Reason.GUARD)
