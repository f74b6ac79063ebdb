"""A category is decided by its own labels where there are enough, else by the gate's."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from experiments.certificates import contract_for
from experiments.synthetic import draw
from service.domain.certificate import Target
from service.domain.decision import Thresholds
from service.thresholds.categories import certify_categories
from service.thresholds.certify import certify
from service.thresholds.sample import Sample
from service.usecases.certification.certify import prove
from tests.usecases.conftest import POLICY

CONTRACT = contract_for(Target.AUTO_ERROR, 0.02)
SOURCE = "signal:score"


def a_sample(seed: int = 0, **sizes: int) -> Sample:
    total = sum(sizes.values())
    drawn = draw(total, np.random.default_rng([seed, total]))
    names = np.repeat(list(sizes), list(sizes.values()))
    return Sample.of(drawn.scores, drawn.labels, categories=list(names))


def flipped(sample: Sample, category: str) -> Sample:
    """The same, where the model is wrong about every item of this category."""
    assert sample.categories is not None
    wrong: NDArray[np.bool_] = sample.categories == category
    return Sample.of(
        sample.scores, sample.labels ^ wrong, categories=[str(name) for name in sample.categories]
    )


def decided(sample: Sample, category: str | None) -> Thresholds:
    """What decides an item of the category in a gate that is certified on the sample."""
    _, earned = prove(sample, CONTRACT, SOURCE)
    gate = replace(POLICY, contract=CONTRACT, certified=earned)
    return gate.rule_for(category, SOURCE).thresholds


def test_labels_enough_make_a_certificate_of_its_own() -> None:
    sample = a_sample(clothing=3_000, health=2_500, toys=100)
    found = certify_categories(sample, CONTRACT)
    assert set(found.own) == {"clothing", "health"}
    assert set(found.inherited) == {"toys"}
    assert sample.categories is not None
    alone = certify(sample.where(sample.categories == "health"), CONTRACT, scope="health")
    assert found.own["health"] == alone
    assert decided(sample, "health") == alone.thresholds
    assert found.own["clothing"].opens


def test_the_gate_is_certified_by_what_it_decides() -> None:
    """Its certificate rests on the others, not on categories that have their own."""
    sample = a_sample(clothing=3_000, toys=150)
    found = certify_categories(sample, CONTRACT)
    assert found.gate.labels == 150
    assert decided(sample, "toys") == found.gate.thresholds == Thresholds(low=None, high=None)
    assert decided(sample, "never seen") == found.gate.thresholds


def test_few_labels_inherit_and_it_is_said() -> None:
    sample = a_sample(toys=100, books=100, pens=100, **{"": 2_400})
    found = certify_categories(sample, CONTRACT)
    assert not found.own
    assert set(found.inherited) == {"books", "pens", "toys"}
    assert found.gate.opens
    for name, inherited in found.inherited.items():
        assert inherited.labels == 100
        assert not inherited.doubted
        assert decided(sample, name) == found.gate.thresholds
    assert decided(sample, None) == found.gate.thresholds


def test_a_category_whose_few_labels_speak_against_it_is_closed() -> None:
    sizes = {f"shop {number}": 250 for number in range(25)} | {"frauds": 40}
    sample = flipped(a_sample(**sizes), "frauds")
    found = certify_categories(sample, CONTRACT)
    assert found.gate.opens
    assert found.inherited["frauds"].doubted
    assert decided(sample, "frauds") == Thresholds(low=None, high=None)
    doubted = [name for name, inherited in found.inherited.items() if inherited.doubted]
    assert len(doubted) <= 5  # at most about one in twenty of those that are as the gate is


def test_without_categories_there_is_the_gate_alone() -> None:
    drawn = draw(2_000, np.random.default_rng(3))
    found = certify_categories(Sample.of(drawn.scores, drawn.labels), CONTRACT)
    assert not found.own
    assert not found.inherited
    assert found.gate.labels == 2_000
