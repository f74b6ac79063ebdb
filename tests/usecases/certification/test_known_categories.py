"""Categories that a gate learns: known by the labels of its certificate, under one name each."""

from dataclasses import replace

import pytest

from service.domain.decision import Decision, Reason, Zone
from service.domain.ids import DecisionId
from service.domain.label import Label
from service.domain.review import Answer
from service.thresholds.quality import judged
from service.usecases.certification.auto_certify import sample_of
from service.usecases.certification.certify import CertifyGate
from tests.usecases.acting import answer, ask, claim
from tests.usecases.certification.test_certify import EARNING, run, sample
from tests.usecases.conftest import ANN, House

LABELLED = sample(6000, categories=[""] * 50 + ["toys"] * 49 + ["rare"])
"""Enough of toys for a certificate of their own, and too few of what is rare."""


@pytest.fixture
def certify(house: House) -> CertifyGate:
    house.gates.adopt([EARNING], house.clock.now())
    return house.certifier()


def decision(house: House, score: float, category: str | None) -> Decision:
    asked = ask(house, score, category=category)["decision"]
    with house.store.reading() as tx:
        return tx.decisions.get_many([asked])[asked]


def test_what_was_learned_is_known_and_the_rest_is_for_people(
    house: House, certify: CertifyGate
) -> None:
    assert decision(house, 0.9999, "Food").reason is Reason.UNCERTIFIED
    run(house, certify, LABELLED)
    for spelling, name in (("toys", "toys"), ("TOYS ", "toys"), ("Ｒａｒｅ", "rare"), (None, None)):
        made = decision(house, 0.9999, spelling)
        assert (made.zone, made.category) == (Zone.AUTO_APPROVE, name)
    made = decision(house, 0.9999, "Food")
    assert (made.zone, made.reason) == (Zone.HUMAN_REVIEW, Reason.UNKNOWN_CATEGORY)
    assert made.category == "food"
    assert made.assessment.confidence is not None
    assert not made.panel, "the lot alone says whose labels certify"


def test_a_gate_read_from_the_store_knows_them_too(house: House, certify: CertifyGate) -> None:
    run(house, certify, LABELLED)
    known = house.gates.get("gate", ANN)
    house.gates.load()
    assert house.gates.get("gate", ANN) == known
    assert {"toys", "rare", None} == set(known.certified)
    assert len(house.gates.certificates(known)) == 2


def test_labels_have_the_categorys_name(house: House, certify: CertifyGate) -> None:
    for spelling in ("Toys", "ＴＯＹＳ", "toys "):
        ask(house, 0.7, category=spelling)
        answer(house, claim(house), Answer.APPROVE)
    with house.store.reading() as tx:
        assert {label.category for label in tx.labels.of_panel("gate")} == {"toys"}


def test_labels_of_before_are_put_together(house: House) -> None:
    given = [
        Label(
            decision_id=DecisionId(f"dec_{n}"),
            gate=EARNING.gate,
            raw_score=0.5,
            source="signal:score",
            category=spelling,
            right=True,
            panel=True,
            reviewer="person:ann",
            at=house.clock.now(),
        )
        for n, spelling in enumerate(["Toys", "toys", "Spielzeug", "Books", "books ", None])
    ]
    named = replace(EARNING, aliases={"Toys": ("spielzeug",)})
    found = sample_of(judged(given, ()), named).categories
    assert found is not None
    assert sorted(found.tolist()) == ["", "Toys", "Toys", "Toys", "books", "books"]


def test_another_grouping_must_be_earned_anew(house: House, certify: CertifyGate) -> None:
    run(house, certify, LABELLED)
    earned = house.gates.get("gate", ANN).certified
    house.gates.adopt([replace(EARNING, aliases={"toys": ()})], house.clock.now())
    assert house.gates.get("gate", ANN).certified == earned
    house.gates.adopt([replace(EARNING, aliases={"toys": ("rare",)})], house.clock.now())
    assert house.gates.get("gate", ANN).certified == {}
