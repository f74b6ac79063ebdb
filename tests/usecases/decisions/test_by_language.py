"""A gate with a scorer for each language: each judges its own, and the rest is for people."""

import asyncio
import math
from typing import ClassVar

import pytest

from service.domain.certificate import RiskContract, Target
from service.domain.decision import Decision, Item, Reads, Reason, Score, Spread, Zone
from service.domain.errors import InvalidInput
from service.domain.gate_document import document_of, policy_of
from service.domain.language import Language
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.ports.scorer import Scorer
from service.thresholds.sample import Sample
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.models.activate_model import users_of
from tests.usecases.acting import ids
from tests.usecases.conftest import ANN, POLICY, House

SCORERS = {Language.EN: "english", Language.ZH: "chinese"}


class Sure:
    """A scorer that approves of everything, and says who it is."""

    labels = ("good", "bad")
    reads = Reads.TEXT
    explains = False
    alternatives: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, name: str, calibrated: float) -> None:
        self.version = f"{name}@1"
        self._calibrated = calibrated

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        return Score(probabilities={"good": 1.0, "bad": 0.0}, model_version=self.version)

    def calibrate(self, raw: float, spread: Spread | None = None) -> float:
        return raw * self._calibrated

    def close(self) -> None:
        """Holds nothing."""


def decide(house: House, item: Item) -> Decision:
    house.adopt(POLICY, scorer="english", by_language=SCORERS)
    scorers: dict[str, Scorer] = {
        "english": Sure("english", 0.97),
        "chinese": Sure("chinese", 0.98),
    }
    decide = DecideItem(
        gates=house.gates,
        assessor=GuardedAssessor(Assessor(scorers), TextGuard()),
        redactor=LabelRedactor(),
        recorder=house.recorder,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
    )
    asked = ids(asyncio.run(decide(DecisionOrder(gate="gate", item=item), ANN)))
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([asked["decision"]]).values()
    return decision


@pytest.mark.parametrize(
    ("text", "version", "confidence"),
    [("a fine day", "english@1", 0.97), ("天气很好", "chinese@1", 0.98)],
)
def test_each_language_has_its_own_scorer_and_calibrator(
    house: House, text: str, version: str, confidence: float
) -> None:
    decision = decide(house, Item(text=text))
    assert decision.assessment.model_version == decision.source == version
    assert decision.assessment.confidence == pytest.approx(confidence)
    assert decision.zone is Zone.AUTO_APPROVE


@pytest.mark.parametrize("text", ["とても良い天気ですね", "좋은 날씨", "good 好", "42"])
def test_another_language_is_for_people(house: House, text: str) -> None:
    decision = decide(house, Item(text=text))
    assert (decision.zone, decision.reason) == (Zone.HUMAN_REVIEW, Reason.OTHER_LANGUAGE)
    assert decision.assessment.confidence is None


def test_fields_have_no_language(house: House) -> None:
    decision = decide(house, Item(fields={"text": "a fine day"}))
    assert (decision.zone, decision.reason) == (Zone.HUMAN_REVIEW, Reason.NO_SIGNAL)


def test_a_policy_comes_back_from_the_store_as_it_was(house: House) -> None:
    house.adopt(POLICY, scorer="english", by_language=SCORERS)
    kept = house.gates.of("gate")
    assert kept.by_language == SCORERS
    assert kept.created_at is not None
    assert policy_of(kept.gate, kept.version, document_of(kept), kept.created_at) == kept


def test_both_models_know_the_gate_as_theirs(house: House) -> None:
    house.adopt(POLICY, scorer="english", by_language=SCORERS)
    for model in ("english", "chinese"):
        assert [policy.gate for policy in users_of(house.gates.offered(), model)] == ["gate"]
    assert users_of(house.gates.offered(), "german") == []


def test_scores_of_two_scales_are_not_certified_as_one(house: House) -> None:
    house.adopt(POLICY, scorer="english", by_language=SCORERS)
    certify = house.certifier()
    contract = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.1)
    sample = Sample.of([0.1, 0.9] * 500, [False, True] * 500)
    with pytest.raises(InvalidInput, match="a scorer for each language"):
        certify(house.gates.of("gate"), sample, contract, source="english@1", actor="test")
    house.adopt(POLICY, scorer="english", by_language={Language.EN: "english"})
    put = certify(house.gates.of("gate"), sample, contract, source="english@1", actor="test")
    assert put.issued
