"""Control charts: quiet while nothing changes, out of the band when something does."""

import numpy as np
import pytest

from service.domain.ids import DecisionId
from service.domain.recorded import RecordedItems
from service.thresholds.charts import (
    BASE_POINTS,
    ITEMS_A_POINT,
    LABELS_A_POINT,
    Indicator,
    Observed,
    charted,
)

BASE = BASE_POINTS * ITEMS_A_POINT


def shares(share: float, items: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(items) < share).astype(np.float64)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_few_charts_leave_their_band_while_nothing_changes(share: float) -> None:
    runs = [
        charted(Indicator.REVIEW_SHARE, shares(share, BASE + 100 * ITEMS_A_POINT, seed))
        for seed in range(200)
    ]
    assert np.mean([any(point.out for point in run.points) for run in runs]) < 0.2


def test_a_change_is_seen_and_the_end_of_it_too() -> None:
    usual, more = shares(0.1, 2 * BASE, 1), shares(0.3, BASE, 2)
    assert not charted(Indicator.REVIEW_SHARE, usual).out
    changed = charted(Indicator.REVIEW_SHARE, np.concatenate([usual, more]))
    assert changed.out
    assert changed.usual == pytest.approx(0.1, abs=0.03)
    first = next(n for n, point in enumerate(changed.points) if point.out)
    assert 20 <= first <= 24  # of 20 points as usual, and 20 of the change
    assert not charted(Indicator.REVIEW_SHARE, np.concatenate([usual, more, usual])).out


def test_the_band_is_within_what_a_share_can_be() -> None:
    never = charted(Indicator.PANEL_ERRORS, np.zeros(40 * LABELS_A_POINT))
    assert all(point.low == 0.0 < point.high < 1 for point in never.points)
    assert not never.out


def test_a_confidence_that_never_moves_has_a_band() -> None:
    same = charted(Indicator.CONFIDENCE, np.full(BASE + 200, 0.7))
    assert [point.out for point in same.points] == [False] * 4
    assert charted(Indicator.CONFIDENCE, np.r_[np.full(BASE, 0.7), np.full(200, 0.9)]).out


@pytest.mark.parametrize("items", [0, 1, BASE, BASE + ITEMS_A_POINT - 1])
def test_before_there_are_enough_it_is_said_how_many(items: int) -> None:
    waiting = charted(Indicator.REVIEW_SHARE, np.zeros(items))
    assert (waiting.points, waiting.usual, waiting.out) == ((), None, False)
    more = charted(Indicator.REVIEW_SHARE, np.zeros(items + waiting.needed))
    assert len(more.points) == 1


def test_what_is_observed() -> None:
    zones = ["auto_approve", "human_review", "auto_reject", "human_review", "auto_approve"]
    items = RecordedItems(
        ids=[DecisionId(str(n)) for n in range(5)],
        versions=[1] * 5,
        categories=[None] * 5,
        sources=["signal:score"] * 5,
        raw_scores=[0.95, 0.6, 0.05, None, 0.99],
        spreads=[None] * 5,
        confidences=[0.95, 0.6, 0.05, None, 0.99],
        zones=zones,
        reasons=["between"] * 5,
        noted=[False] * 5,
        panel=[True, False, True, False, False],
        right=[False, True, False, None, None],
        truths=[None] * 5,
        judged=[None] * 5,
    )
    seen = Observed.of(items).values
    assert seen[Indicator.REVIEW_SHARE].tolist() == [0, 1, 0, 1, 0]
    assert seen[Indicator.CONFIDENCE].tolist() == [0.95, 0.6, 0.05, 0.99]
    assert seen[Indicator.OVERTURNED].tolist() == [1, 0, 0]
    assert seen[Indicator.PANEL_ERRORS].tolist() == [1, 0]
