"""Several opinions on one item: what they are taken for, what is kept of them, and what fails."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from service.confidence.member_calibrator import MemberCalibrator
from service.confidence.members import spread_of_counts
from service.domain.certificate import RiskContract, Target
from service.domain.decision import (
    Assessment,
    Item,
    Reads,
    Reason,
    Score,
    Spread,
    Thresholds,
    source_of,
)
from service.domain.errors import BadSignal, ScorerFailed
from service.domain.gate import Certified, GatePolicy, SampleAgreement
from service.domain.ids import CertificateId
from service.usecases.decisions.assess import Assessor
from tests.usecases.conftest import POLICY

CONTRACT = RiskContract(
    target=Target.PER_SIDE, wrong_approvals=0.01, wrong_rejections=0.05, confidence=0.9
)
MEANING = replace(POLICY, samples=SampleAgreement.MEANING, contract=CONTRACT)
CALIBRATOR = MemberCalibrator(
    log_odds=1, agreement=2, mutual_information=-1, mean_log_probability=0, shift=-2
)


class Angles:
    """An embedder whose texts are angles."""

    version = "angles@1"

    async def embed(
        self, text: str, *, gate: str = "", within: float = math.inf
    ) -> NDArray[np.float32]:
        try:
            angle = float(text)
        except ValueError as error:
            raise ScorerFailed("The model cannot read this language or script.") from error
        return np.array([math.cos(angle), math.sin(angle)], dtype=np.float32)


class Ensemble:
    """A scorer of three members."""

    labels = POLICY.labels
    version = "three@1"
    reads = Reads.FIELDS
    explains = False
    alternatives: ClassVar[dict[str, list[str]]] = {}
    spread = Spread(agreement=2 / 3, mutual_information=0.2, mean_log_probability=-0.7)

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        return Score(
            probabilities={label: 1 / len(self.labels) for label in self.labels},
            model_version=self.version,
            spread=self.spread,
        )

    def calibrate(self, raw: float, spread: Spread | None) -> float:
        return CALIBRATOR(raw, spread)

    def close(self) -> None:
        """Holds nothing."""


def assessed(
    policy: GatePolicy,
    signals: Mapping[str, Any] | None,
    *,
    assessor: Assessor | None = None,
    item: Item | None = None,
) -> Assessment:
    assessor = assessor or Assessor({}, embedder=Angles)
    return asyncio.run(assessor.assess(policy, item or Item(text="x"), None, signals, "0"))


def earned(source: str) -> GatePolicy:
    """The gate by meaning, with thresholds earned on such scores."""
    certified = Certified(
        certificate=CertificateId("crt_1"),
        source=source,
        thresholds=Thresholds(low=0.1, high=0.9),
        calibrator=CALIBRATOR.to_json(),
    )
    return replace(MEANING, certified=MappingProxyType({None: certified}))


def test_a_gate_by_meaning_counts_near_answers_and_another_exact_ones() -> None:
    signals = {"samples": ["0", "0.1", "0.2", "2"]}
    by_meaning, exact = assessed(MEANING, signals), assessed(POLICY, signals)
    assert (by_meaning.raw_score, exact.raw_score) == (0.75, 0.25)
    assert by_meaning.spread == spread_of_counts([3, 1])


def test_scores_by_meaning_are_of_a_source_of_their_own() -> None:
    signals = {"samples": ["0", "0.1"]}
    sources = {
        source_of(assessed(policy, signals).model_version, signals) for policy in (MEANING, POLICY)
    }
    assert sources == {"signal:samples", "signal:samples:angles@1"}


def test_an_earned_calibrator_reads_the_spread() -> None:
    found = assessed(earned("signal:samples:angles@1"), {"samples": ["0", "0.1", "0.2", "2"]})
    assert found.confidence == pytest.approx(CALIBRATOR(0.75, spread_of_counts([3, 1])))


def test_an_earned_calibrator_of_several_gives_one_opinion_no_confidence() -> None:
    found = assessed(earned("signal:score"), {"score": 0.9})
    assert found == Assessment(confidence=None, failure=Reason.SCORER_FAILED)


@pytest.mark.parametrize("assessor", [Assessor({}), Assessor({}, embedder=Angles)])
def test_samples_that_cannot_be_read_have_no_confidence(assessor: Assessor) -> None:
    found = assessed(MEANING, {"samples": ["0", "что"]}, assessor=assessor)
    assert (found.confidence, found.failure) == (None, Reason.SCORER_FAILED)


def test_samples_that_cannot_agree_are_the_callers_mistake() -> None:
    with pytest.raises(BadSignal):
        assessed(MEANING, {"samples": ["0"]})


def test_a_bundle_of_members_is_calibrated_by_their_spread_which_is_kept() -> None:
    assessor = Assessor({"three": Ensemble()})
    record = Item(fields={"amount": 1})
    found = assessed(replace(POLICY, scorer="three"), None, assessor=assessor, item=record)
    assert found.spread == Ensemble.spread
    assert found.raw_score is not None
    assert found.confidence == pytest.approx(CALIBRATOR(found.raw_score, Ensemble.spread))


def test_an_item_without_what_the_scorer_reads_is_for_people() -> None:
    assessor = Assessor({"three": Ensemble()})
    found = assessed(replace(POLICY, scorer="three"), None, assessor=assessor)
    assert found.failure is Reason.NO_SIGNAL
