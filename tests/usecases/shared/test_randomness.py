"""What nobody can guess: never twice the same, and every number alike."""

from statistics import fmean, pvariance

import pytest

from service.randomness import random_hex, random_share


def test_no_randomness_is_given_twice() -> None:
    drawn = [random_hex(10) for _ in range(2000)]  # over several pages
    assert len(set(drawn)) == len(drawn)
    assert {len(one) for one in drawn} == {20}


def test_shares_lie_evenly_between_nothing_and_all() -> None:
    drawn = [random_share() for _ in range(20_000)]
    assert all(0 <= one < 1 for one in drawn)
    # Six standard errors: a right generator fails once in half a billion runs.
    assert fmean(drawn) == pytest.approx(1 / 2, abs=6 * (1 / 12 / 20_000) ** 0.5)
    assert pvariance(drawn) == pytest.approx(1 / 12, abs=6 * (1 / 180 / 20_000) ** 0.5)
