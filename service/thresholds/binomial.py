"""Exact binomial tails, bounds and the sample sizes that follow from them.

Everything rests on P(Bin(n, p) <= k) = I_{1-p}(n - k, k + 1), the regularised incomplete beta
function (Abramowitz and Stegun 26.5.24). Serving has no scipy; the tests hold this against it.
"""

import math
from collections.abc import Callable
from functools import lru_cache

TINY = 1e-300
EPSILON = 1e-15
MOST_LABELS = 1_000_000
STEPS = 20_000
"""The fraction below needs about sqrt(n) steps; this is enough for samples of 10^8."""


def cdf(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) <= k), where p in [0, 1]. The p-value of k errors in n against a risk of p."""
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return incomplete_beta(n - k, k + 1, 1 - p, p)


def tail(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) >= k): how well a risk of at most p explains as many as k errors."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    return incomplete_beta(k, n - k + 1, p, 1 - p)


def upper_bound(k: int, n: int, delta: float) -> float:
    """The risk that k errors in n stay below with confidence 1 - delta (Clopper, Pearson 1934).

    The largest p with cdf(k, n, p) > delta, so that `bound <= alpha` and `cdf(k, n, alpha) <=
    delta` say the same. 1 where nothing was observed.
    """
    if k >= n:
        return 1.0
    return _falling_root(lambda p: cdf(k, n, p) - delta)


def beta_quantile(share: float, a: float, b: float) -> float:
    """The `share` quantile of a Beta(a, b) distribution, a and b above 0."""
    return _falling_root(lambda x: share - incomplete_beta(a, b, x, 1 - x))


def fewest_clean(alpha: float, delta: float) -> int:
    """How many labels without an error prove a risk of at most alpha: ceil(ln delta / ln(1 - a)).

    230 for alpha 1 % at delta 10 %, 299 at 5 %.
    """
    fewest = max(1, math.ceil(math.log(delta) / math.log1p(-alpha)))
    # The logarithms round: the answer is by definition the first n that passes.
    while cdf(0, fewest, alpha) > delta:
        fewest += 1
    while fewest > 1 and cdf(0, fewest - 1, alpha) <= delta:
        fewest -= 1
    return fewest


@lru_cache(maxsize=4096)
def most_errors(n: int, alpha: float, delta: float) -> int:
    """The most errors among n that still prove a risk of at most alpha; -1 where none would."""
    passing, failing = -1, math.ceil(n * alpha) + 1  # the median is never above ceil(n alpha)
    while cdf(failing, n, alpha) <= delta and failing < n:
        failing = min(n, 2 * failing + 1)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if cdf(middle, n, alpha) <= delta:
            passing = middle
        else:
            failing = middle
    return passing


def labels_to_prove(risk: float, alpha: float, delta: float, *, power: float) -> int | None:
    """How many labels prove alpha with probability `power` when the true risk is `risk`.

    The least n, within a per cent, with P(Bin(n, risk) <= most_errors(n)) >= power. None where
    the risk is not below alpha, or so near that MOST_LABELS would not do.
    """
    if risk >= alpha:
        return None

    def enough(n: int) -> bool:
        return cdf(most_errors(n, alpha, delta), n, risk) >= power

    failing, passing = 0, fewest_clean(alpha, delta)
    while not enough(passing):
        failing, passing = passing, 2 * passing
        if passing > MOST_LABELS:
            return None
    while passing - failing > max(1, passing // 100):
        middle = (failing + passing) // 2
        if enough(middle):
            passing = middle
        else:
            failing = middle
    return passing


def incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b) in [0, 1]; y is 1 - x, given apart because it may be the exact one of the two.

    The continued fraction of Abramowitz and Stegun 26.5.8, which converges fast for x below
    (a + 1) / (a + b + 2); above it I_x(a, b) = 1 - I_y(b, a).
    """
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    scale = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    )
    if x < (a + 1) / (a + b + 2):
        return min(1.0, scale * _fraction(a, b, x) / a)
    return max(0.0, 1 - scale * _fraction(b, a, y) / b)


def _fraction(a: float, b: float, x: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + ...))) by Lentz's method, as in Numerical Recipes 6.4."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < EPSILON:
            return value
    raise ArithmeticError(f"The incomplete beta function did not settle at {a}, {b}, {x}.")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _falling_root(difference: Callable[[float], float]) -> float:
    """Where a function that falls on [0, 1] passes 0, to a part in 10^12, never too low.

    False position, where the end that stays twice is taken for half as far (the Illinois rule).
    """
    low, high = 0.0, 1.0
    at_low, at_high = difference(low), difference(high)
    moved = 0
    while high - low > 1e-12 * high:
        # The margin brings in the far end once the near one has all but arrived.
        margin = 0.4e-12 * high
        middle = low + (high - low) * at_low / (at_low - at_high)
        middle = min(high - margin, max(low + margin, middle))
        found = difference(middle)
        if found > 0:
            low, at_low = middle, found
            at_high, moved = at_high / 2 if moved > 0 else at_high, 1
        else:
            high, at_high = middle, found
            at_low, moved = at_low / 2 if moved < 0 else at_low, -1
    return high
