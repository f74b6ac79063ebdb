"""Exact binomial tails, held against scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from service.thresholds import binomial

shares = st.floats(1e-6, 1 - 1e-6)


@st.composite
def trials(draw: st.DrawFn, most: int = 20_000) -> tuple[int, int]:
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), n


@given(trials(), shares)
def test_both_tails_are_scipys(drawn: tuple[int, int], p: float) -> None:
    k, n = drawn
    assert binomial.cdf(k, n, p) == pytest.approx(binom.cdf(k, n, p), rel=1e-8, abs=1e-200)
    assert binomial.tail(k, n, p) == pytest.approx(binom.sf(k - 1, n, p), rel=1e-8, abs=1e-200)


@pytest.mark.parametrize(
    ("k", "n", "p"), [(0, 1, 0.5), (9_800, 10**6, 0.01), (51_234, 10**6, 0.05), (3, 10**8, 1e-7)]
)
def test_large_samples(k: int, n: int, p: float) -> None:
    assert binomial.cdf(k, n, p) == pytest.approx(binom.cdf(k, n, p), rel=1e-6)


def test_outside_the_possible() -> None:
    assert binomial.cdf(-1, 10, 0.5) == 0 == binomial.tail(11, 10, 0.5)
    assert binomial.cdf(10, 10, 0.5) == 1 == binomial.tail(0, 10, 0.5)
    assert binomial.cdf(3, 10, 0.0) == 1 == binomial.tail(3, 10, 1.0)


@given(trials(3_000), st.floats(1e-4, 0.5))
def test_the_bound_is_clopper_and_pearsons(drawn: tuple[int, int], delta: float) -> None:
    k, n = drawn
    expected = 1.0 if k == n else beta.ppf(1 - delta, k + 1, n - k)
    assert binomial.upper_bound(k, n, delta) == pytest.approx(expected, rel=1e-7)


@given(trials(3_000), st.floats(1e-3, 0.5), st.floats(1e-3, 0.5))
def test_bound_and_p_value_say_the_same(drawn: tuple[int, int], alpha: float, delta: float) -> None:
    k, n = drawn
    bound, p_value = binomial.upper_bound(k, n, delta), binomial.cdf(k, n, alpha)
    if abs(bound - alpha) > 1e-9:
        assert (bound < alpha) == (p_value <= delta)


@given(shares, st.floats(0.3, 500), st.floats(0.3, 500))
def test_beta_quantiles_are_scipys(share: float, a: float, b: float) -> None:
    expected = beta.ppf(share, a, b)
    assert binomial.beta_quantile(share, a, b) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("delta", "fewest"), [(0.1, 230), (0.05, 299), (0.01, 459)])
def test_fewest_clean_labels_at_one_per_cent(delta: float, fewest: int) -> None:
    assert binomial.fewest_clean(0.01, delta) == fewest


@given(st.integers(1, 5_000), st.floats(1e-3, 0.5), st.floats(1e-3, 0.5))
def test_most_errors_is_the_last_that_passes(n: int, alpha: float, delta: float) -> None:
    most = binomial.most_errors(n, alpha, delta)
    assert most == -1 or binomial.cdf(most, n, alpha) <= delta
    assert binomial.cdf(most + 1, n, alpha) > delta
    assert (most >= 0) == (n >= binomial.fewest_clean(alpha, delta))


def test_labels_to_prove() -> None:
    needed = binomial.labels_to_prove(0.005, 0.01, 0.1, power=0.8)
    assert needed == pytest.approx(1_600, rel=0.05)
    assert binomial.labels_to_prove(0.0, 0.01, 0.1, power=0.8) == 230
    assert binomial.labels_to_prove(0.01, 0.01, 0.1, power=0.8) is None
    assert binomial.labels_to_prove(0.0099999, 0.01, 0.1, power=0.8) is None
