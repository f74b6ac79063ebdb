"""The judgement: never for an equal challenger, rarely by chance, and right where it counts."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from service.retraining.judging import LEVEL, judge, level_of

type Floats = NDArray[np.float64]


def world(items: int, seed: int) -> tuple[np.random.Generator, Floats, Floats]:
    lot = np.random.default_rng(seed)
    z = 2 * lot.standard_normal(items)
    right = (lot.random(items) < 1 / (1 + np.exp(-z))).astype(float)
    return lot, z, right


def sure(z: Floats) -> Floats:
    confidence: Floats = 1 / (1 + np.exp(-z))
    return confidence


def test_an_equal_challenger_never_beats() -> None:
    _, z, right = world(400, 1)
    found = judge(sure(z), sure(z), right, level=LEVEL)
    assert (found.gain, found.at_least, found.needed, found.mcnemar) == (0, 0, None, 1)
    assert not found.beats


def test_a_better_one_beats_and_a_worse_one_does_not() -> None:
    lot, z, right = world(2000, 2)
    blurred = sure(z + 2 * lot.standard_normal(z.size))
    better = judge(blurred, sure(z), right, level=LEVEL)
    assert better.beats
    assert better.needed is not None
    assert better.needed < 2000
    worse = judge(sure(z), blurred, right, level=LEVEL)
    assert not worse.beats
    assert worse.needed is None
    assert worse.gain == -better.gain


def test_one_that_is_no_better_beats_by_chance_no_more_often_than_its_level() -> None:
    """Two equally blurred views of the truth: neither is better."""
    beats = 0
    for seed in range(300):
        lot, z, right = world(150, 100 + seed)
        one, other = (sure(z + lot.standard_normal(z.size)) for _ in range(2))
        beats += judge(one, other, right, level=LEVEL).beats
    assert beats / 300 <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / 300)


def test_labels_needed_show_a_gain_about_as_often_as_they_should() -> None:
    lot, z, right = world(40_000, 3)
    blurred = sure(z + 0.7 * lot.standard_normal(z.size))
    needed = judge(blurred, sure(z), right, level=LEVEL).needed
    assert needed is not None
    shown = []
    for _ in range(60):
        some = lot.choice(z.size, needed, replace=False)
        shown.append(judge(blurred[some], sure(z[some]), right[some], level=LEVEL).beats)
    assert 0.6 < np.mean(shown) < 0.95


def test_all_comparisons_of_a_gate_together_spend_one_level() -> None:
    assert sum(level_of(n) for n in range(1, 10_000)) == pytest.approx(LEVEL, rel=1e-3)
    assert level_of(1) == LEVEL / 2


@pytest.mark.parametrize(("before", "after"), [(3, 9), (0, 5), (12, 12), (40, 700)])
def test_mcnemar_is_scipys(before: int, after: int) -> None:
    champion = np.r_[np.full(before, 0.9), np.full(after, 0.1), np.full(20, 0.9)]
    challenger = np.r_[np.full(before, 0.1), np.full(after, 0.9), np.full(20, 0.9)]
    found = judge(champion, challenger, np.ones(champion.size), level=LEVEL)
    assert (found.only_champion, found.only_challenger) == (before, after)
    assert found.mcnemar == pytest.approx(binomtest(before, before + after).pvalue)
