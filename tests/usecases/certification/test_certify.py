"""From a contract to thresholds in force: nothing is automatic before something is proven."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.domain.certificate import RiskContract, Target
from service.domain.decision import Item, Reason, Thresholds, Zone
from service.domain.errors import Conflict, InvalidInput
from service.domain.gate import CLOSED
from service.thresholds.sample import Sample
from service.usecases.certification.certify import CertifyGate, Issued
from service.usecases.decisions.decide_command import DecisionOrder
from tests.usecases.acting import ask, ids
from tests.usecases.conftest import ANN, POLICY, House

CONTRACT = RiskContract(
    target=Target.PER_SIDE, wrong_approvals=0.02, wrong_rejections=0.02, confidence=0.9
)
EARNING = replace(POLICY, thresholds=CLOSED, contract=CONTRACT)


def sample(items: int, seed: int = 3, categories: Sequence[str] | None = None) -> Sample:
    """Half of the items are right; scores tell them apart well, and not perfectly."""
    lot = np.random.default_rng(seed)
    right = lot.random(items) < 0.5
    evidence = np.where(right, 2.4, -2.4) + 1.2 * lot.standard_normal(items)
    scores = 1 / (1 + np.exp(-1.9 * evidence))
    names = None if categories is None else [categories[i % len(categories)] for i in range(items)]
    return Sample.of(scores, right, categories=names)


@pytest.fixture
def certify(house: House) -> CertifyGate:
    house.gates.adopt([EARNING], house.clock.now())
    return house.certifier()


def run(house: House, certify: CertifyGate, labelled: Sample) -> list[Issued]:
    put = certify(house.gates.get("gate", ANN), labelled, None, source="signal:score", actor="test")
    return list(put.issued)


def test_a_contract_without_a_certificate_reviews_everything(
    house: House, certify: CertifyGate
) -> None:
    for score in (0.0, 0.5, 1.0):
        assert ask(house, score)["zone"] == Zone.HUMAN_REVIEW
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([ask(house, 1.0)["decision"]]).values()
    assert decision.reason is Reason.UNCERTIFIED
    assert decision.thresholds == Thresholds(low=None, high=None)


def test_ten_labels_prove_nothing(house: House, certify: CertifyGate) -> None:
    [issued] = run(house, certify, sample(10))
    assert not issued.certificate.opens
    assert ask(house, 1.0)["zone"] == Zone.HUMAN_REVIEW


def test_enough_labels_open_the_gate(house: House, certify: CertifyGate) -> None:
    [issued] = run(house, certify, sample(4000))
    assert issued.certificate.opens
    policy = house.gates.get("gate", ANN)
    assert policy.version == 3  # fixed, then the contract, then the certificate
    assert policy.rule_for(None).thresholds == issued.certificate.thresholds
    assert ask(house, 0.9999)["zone"] == Zone.AUTO_APPROVE
    assert ask(house, 0.5)["zone"] == Zone.HUMAN_REVIEW
    with house.store.reading() as tx:
        stored = tx.certificates.get(issued.id)
    assert stored
    assert stored.document["labels"] == 4000


def test_the_confidence_shown_is_the_certificates_own(house: House, certify: CertifyGate) -> None:
    [issued] = run(house, certify, sample(4000))
    assert issued.certificate.calibrator != {"kind": "identity", "a": 1, "b": 1, "shift": 0}
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([ask(house, 0.7)["decision"]]).values()
    assert decision.assessment.raw_score == 0.7
    assert decision.assessment.confidence != 0.7


def test_bad_news_closes_the_gate_again(house: House, certify: CertifyGate) -> None:
    run(house, certify, sample(4000))
    lot = np.random.default_rng(1)
    run(house, certify, Sample.of(lot.random(4000), lot.random(4000) < 0.5))
    assert ask(house, 0.9999)["zone"] == Zone.HUMAN_REVIEW


def test_a_category_with_too_few_labels_inherits(house: House, certify: CertifyGate) -> None:
    many = sample(4000, categories=["toys"] * 99 + ["rare"])
    issued = run(house, certify, many)
    assert {one.certificate.scope for one in issued} == {None, "toys"}
    policy = house.gates.get("gate", ANN)
    assert policy.rule_for("rare") == policy.rule_for(None)
    assert policy.rule_for("toys").thresholds == issued[1].certificate.thresholds


def test_written_again_as_it_was_a_gate_keeps_what_it_earned(
    house: House, certify: CertifyGate
) -> None:
    run(house, certify, sample(4000))
    earned = house.gates.get("gate", ANN)
    house.gates.adopt([EARNING], house.clock.now())
    assert house.gates.get("gate", ANN) == earned
    longer = replace(EARNING.review, deadline=EARNING.review.deadline * 2)
    house.gates.adopt([replace(EARNING, review=longer)], house.clock.now())
    assert house.gates.get("gate", ANN).certified == earned.certified


def test_another_contract_must_be_earned_anew(house: House, certify: CertifyGate) -> None:
    run(house, certify, sample(4000))
    stricter = replace(CONTRACT, wrong_approvals=0.001)
    house.gates.adopt([replace(EARNING, contract=stricter)], house.clock.now())
    assert house.gates.get("gate", ANN).certified == {}
    assert ask(house, 0.9999)["zone"] == Zone.HUMAN_REVIEW


def test_fixed_thresholds_have_no_contract_to_keep(house: House, certify: CertifyGate) -> None:
    with pytest.raises(InvalidInput, match="no contract"):
        certify(POLICY, sample(1000), None, source="signal:score", actor="test")


def test_a_gate_taken_out_of_the_file_takes_no_more_items(house: House) -> None:
    house.gates.adopt([], house.clock.now())
    with pytest.raises(Exception, match="no gate named"):
        ask(house)
    assert house.gates.of("gate").gate == "gate"  # what waits there is still reviewed


def test_what_was_proven_of_one_score_says_nothing_of_another(
    house: House, certify: CertifyGate
) -> None:
    run(house, certify, sample(4000))
    order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"token_logprobs": [0.0]})
    made = ids(asyncio.run(house.decide(order, ANN)))
    assert made["zone"] == Zone.HUMAN_REVIEW
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([made["decision"]]).values()
    assert decision.reason is Reason.UNCERTIFIED


def test_a_certificate_never_overwrites_a_policy_that_came_meanwhile(
    house: House, certify: CertifyGate
) -> None:
    before = house.gates.get("gate", ANN)
    stricter = replace(CONTRACT, wrong_approvals=0.001)
    house.gates.adopt([replace(EARNING, contract=stricter)], house.clock.now())
    with pytest.raises(Conflict, match="changed meanwhile"):
        certify(before, sample(4000), None, source="signal:score", actor="test")
    policy = house.gates.get("gate", ANN)
    assert (policy.contract, policy.certified) == (stricter, {})
