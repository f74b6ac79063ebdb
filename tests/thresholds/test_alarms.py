"""Alarms with and without labels: against scipy, against their guarantees, against the world."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from experiments.alarms import labels_until_error_alarm
from experiments.synthetic import draw
from service.domain.certificate import BadContract
from service.domain.errors import InvalidInput
from service.thresholds.ecusum import BETS, LIMIT, ErrorAlarm
from service.thresholds.ewma import Chart
from service.thresholds.shift import Reference, ks_p_value, ks_statistic, psi

coarse = st.lists(st.integers(0, 20).map(lambda twentieth: twentieth / 20), min_size=1, max_size=60)


@given(coarse, coarse)
def test_the_distance_is_kolmogorovs(one: list[float], other: list[float]) -> None:
    expected = ks_2samp(one, other, method="asymp").statistic
    assert ks_statistic(np.sort(one), np.sort(other)) == pytest.approx(expected)


@pytest.mark.parametrize("distance", [0.02, 0.05, 0.07, 0.1])
def test_the_p_value_is_the_exact_one(distance: float) -> None:
    """Against scipy's exact distribution, for samples that differ by just this distance."""
    one = np.arange(2_000) / 2_000
    other = np.clip(one[::2] + distance, 0, 1)
    found = ks_2samp(one, other, method="exact")
    ours = ks_p_value(found.statistic, one.size, other.size)
    assert ours == pytest.approx(found.pvalue, rel=0.15, abs=1e-12)


def test_nothing_changed_and_no_alarm() -> None:
    chance = np.random.default_rng(1)
    reference = Reference.of(draw(3_000, chance).scores)
    for _ in range(50):
        found = reference.check(draw(1_000, chance).scores)
        assert not found.alarm
        assert not found.warning


def test_a_label_shift_is_seen_at_the_first_check() -> None:
    chance = np.random.default_rng(2)
    for _ in range(10):
        reference = Reference.of(draw(3_000, chance).scores)
        assert reference.check(draw(1_000, chance, prior=0.3).scores).alarm


def test_the_same_items_have_no_distance() -> None:
    scores = np.random.default_rng(3).random(500)
    found = Reference.of(scores).check(scores)
    assert (found.ks_statistic, found.ks_p_value, found.psi) == (0, 1, 0)


def test_psi_of_a_move_that_can_be_reckoned_by_hand() -> None:
    """From ten equal bins to half of all in the first: .4 ln 5 + 9 (.0444 ln 1.8)."""
    reference = np.arange(100_000) / 100_000
    moved = np.sort(np.concatenate([np.full(50_000, 0.05), 0.1 + 0.9 * np.arange(50_000) / 50_000]))
    expected = 0.4 * np.log(5) + 9 * (0.1 - 0.5 / 9) * np.log(0.1 / (0.5 / 9))
    assert psi(reference, moved) == pytest.approx(expected, rel=1e-3)


def test_one_score_for_all_is_no_trouble() -> None:
    reference = Reference.of([0.5] * 100)
    assert not reference.check([0.5] * 100).warning
    assert reference.check([0.9] * 100).alarm


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Reference.of([])
    with pytest.raises(InvalidInput):
        Reference.of([0.5]).check([])
    with pytest.raises(InvalidInput):
        Reference.of([np.nan])


# --- with labels ---


def test_a_bet_is_that_of_the_facts_at_one_per_cent() -> None:
    """b in 5, 10, 20, 40, and M_b <- max(M_b, 1)(1 + b (err - alpha))."""
    alarm = ErrorAlarm(alpha=0.01).after(True)
    assert alarm.statistics == pytest.approx([1 + b * 0.99 for b in (5, 10, 20, 40)])
    assert alarm.after(False).statistics == pytest.approx(
        [(1 + b * 0.99) * (1 - b * 0.01) for b in (5, 10, 20, 40)]
    )


@given(st.lists(st.booleans(), max_size=80), st.floats(0.001, 0.5))
def test_evidence_is_never_negative(wrongs: list[bool], alpha: float) -> None:
    alarm = ErrorAlarm(alpha=alpha)
    for wrong in wrongs:
        alarm = alarm.after(wrong)
        assert min(alarm.statistics) >= 0
    assert alarm.labels == len(wrongs)


def test_right_answers_alone_never_alarm() -> None:
    alarm = ErrorAlarm(alpha=0.01)
    for _ in range(1_000):
        alarm = alarm.after(False)
    assert alarm.evidence <= 1
    assert not alarm.alarm


def test_at_the_limit_an_alarm_takes_as_many_labels_as_promised() -> None:
    """The e-detector's guarantee: LIMIT labels between false alarms, on average, and more."""
    chance = np.random.default_rng(4)
    runs = [labels_until_error_alarm(0.01, chance, 4_000) or 4_000 for _ in range(40)]
    assert np.mean(runs) >= LIMIT


@pytest.mark.parametrize(("error", "most"), [(0.03, 500), (0.05, 200)])
def test_an_error_above_the_limit_is_noticed(error: float, most: int) -> None:
    chance = np.random.default_rng(5)
    runs = [labels_until_error_alarm(error, chance, 5_000) or 5_000 for _ in range(40)]
    assert np.median(runs) <= most


def test_no_alarm_watches_no_limit() -> None:
    assert max(BETS) < 1
    for alpha in (0.0, 1.0, np.nan):
        with pytest.raises(BadContract):
            ErrorAlarm(alpha=alpha)


# --- charts ---


def test_a_chart_in_control_and_out_of_it() -> None:
    chance, chart = np.random.default_rng(6), Chart.of_share(0.1, items=1_000)
    for _ in range(60):
        chart = chart.after(chance.binomial(1_000, 0.1) / 1_000)
        assert not chart.alarm
    points = 0
    while not chart.alarm:
        chart, points = chart.after(chance.binomial(1_000, 0.13) / 1_000), points + 1
    assert points <= 5


def test_a_chart_weighs_its_points() -> None:
    chart = Chart.around(0.0, 1.0).after(1.0).after(1.0)
    assert chart.value == pytest.approx(0.19)
    low, high = Chart.around(0.0, 1.0).after(0.0).band
    assert (low, high) == pytest.approx((-0.3, 0.3))  # 3 sqrt(.1 / 1.9 (1 - .81))
    assert not Chart.around(0.0, 1.0).alarm


@pytest.mark.parametrize(("mean", "deviation"), [(np.nan, 1.0), (0.0, 0.0), (0.0, np.inf)])
def test_a_chart_needs_a_mean_and_a_deviation(mean: float, deviation: float) -> None:
    with pytest.raises(InvalidInput):
        Chart.around(mean, deviation)
