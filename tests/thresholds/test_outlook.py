"""What a gate is told to wait for is what it then takes."""

import numpy as np
import pytest

from experiments.certificates import contract_for
from experiments.synthetic import draw
from service.domain.certificate import Promise, Target
from service.thresholds.certify import certify
from service.thresholds.outlook import labels_needed
from service.thresholds.sample import Sample


def labels(count: int, seed: int) -> Sample:
    drawn = draw(count, np.random.default_rng([seed, 77]))
    return Sample.of(drawn.scores, drawn.labels)


@pytest.mark.parametrize(("target", "fewest"), [(Target.AUTO_ERROR, 345), (Target.PER_SIDE, 449)])
def test_a_gate_without_labels_knows_the_least_it_takes(target: Target, fewest: int) -> None:
    contract = contract_for(target, 0.01)
    for count in (0, 1):
        sample = Sample.of([0.5] * count, [1] * count)
        for outlook in labels_needed(sample, contract):
            assert (outlook.coverage, outlook.likely, outlook.most) == (1.0, None, None)
            assert outlook.fewest == fewest - count


@pytest.mark.parametrize("target", [Target.AUTO_ERROR, Target.SYSTEM_ERROR])
def test_it_opens_with_about_as_many_labels_as_it_was_told(target: Target) -> None:
    contract, opened, told = contract_for(target, 0.01), 0, 0
    for seed in range(20):
        first = min(labels_needed(labels(300, seed), contract), key=lambda it: it.likely or 10**9)
        if first.likely is not None and first.likely < 3_000:
            told += 1
            opened += certify(labels(300 + first.likely, seed + 1_000), contract).opens
    assert told >= 15
    assert opened >= 0.6 * told


def test_more_automation_takes_more_labels() -> None:
    contract = contract_for(Target.PER_SIDE, 0.01)
    for seed in range(5):
        outlooks = labels_needed(labels(400, seed), contract)
        for promise in contract.promises:
            of_it = [outlook for outlook in outlooks if outlook.promise is promise]
            assert of_it
            likely = [outlook.likely for outlook in of_it if outlook.likely is not None]
            assert likely == sorted(likely)
            assert [it.coverage for it in of_it] == sorted(it.coverage for it in of_it)
            for outlook in of_it:
                assert outlook.likely is None or outlook.fewest <= outlook.likely
                assert outlook.most is None or (outlook.likely or 0) <= outlook.most


def test_the_rare_side_takes_many_more() -> None:
    outlooks = labels_needed(labels(2_000, 1), contract_for(Target.PER_SIDE, 0.01))
    needed = {
        promise: min(it.fewest for it in outlooks if it.promise is promise)
        for promise in (Promise.WRONG_APPROVALS, Promise.WRONG_REJECTIONS)
    }
    # One item in ten is approvable, so 299 clean approvals lie some way off.
    assert needed[Promise.WRONG_APPROVALS] > 2_000
    assert needed[Promise.WRONG_REJECTIONS] == 0


def test_a_model_that_knows_nothing_is_told_so() -> None:
    chance = np.random.default_rng(4)
    blind = Sample.of(chance.random(600), chance.random(600) < 0.5)
    outlooks = labels_needed(blind, contract_for(Target.AUTO_ERROR, 0.01))
    assert all(outlook.likely is None and outlook.most is None for outlook in outlooks)
