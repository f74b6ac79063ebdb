"""What reviewers' answers weigh: their quality is recovered, and doubt speaks against the gate."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from service.domain.certificate import Promise, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.ids import DecisionId, GateName
from service.domain.label import Label, SharedAnswer
from service.thresholds.certify import calibrator_for, certify, tallies
from service.thresholds.quality import LEAST_WEIGHT, Quality, judged
from service.thresholds.reviewers import SURE
from service.thresholds.sample import Sample
from tests.examples import NOW

PLANTED = {"ann": 0.97, "ben": 0.9, "kim": 0.8, "coin": 0.5}


@dataclass(frozen=True, kw_only=True)
class Answered:
    truth: dict[DecisionId, bool]
    said: list[SharedAnswer]


def answered(items: int, each: int = 3, seed: int = 1) -> Answered:
    """Items, each answered by so many of the planted reviewers."""
    lot = np.random.default_rng(seed)
    truth = {DecisionId(f"dec_{n}"): bool(lot.random() < 0.6) for n in range(items)}
    said = [
        SharedAnswer(
            decision_id=item, reviewer=name, right=right == bool(lot.random() < PLANTED[name])
        )
        for item, right in truth.items()
        for name in lot.choice(list(PLANTED), each, replace=False)
    ]
    return Answered(truth=truth, said=said)


def label(item: DecisionId, right: bool, reviewer: str = "ann") -> Label:
    return Label(
        decision_id=item,
        gate=GateName("gate"),
        raw_score=0.7,
        source="signal:score",
        category=None,
        right=right,
        panel=True,
        reviewer=reviewer,
        at=NOW,
    )


def test_planted_accuracies_are_recovered_with_their_intervals() -> None:
    quality = Quality.of(answered(1_500).said)
    assert quality
    for one in quality.reviewers:
        assert quality.accuracy[one.name] == pytest.approx(PLANTED[one.name], abs=0.04)
        assert one.low - 0.02 <= PLANTED[one.name] <= one.high + 0.02
        assert one.low <= one.accuracy <= one.high
    assert 0 < quality.alpha < 1


def test_a_sure_consensus_is_right_as_often_as_it_says() -> None:
    made = answered(1_500)
    found = judged([label(item, True) for item in made.truth], made.said)
    sure = [one for one in found if not one.doubted]
    right = [one.right == made.truth[one.decision_id] for one in sure]
    assert len(sure) > 700
    assert np.mean(right) >= SURE
    assert any(one.doubted for one in found)
    assert len(found) == len(made.truth), "what is in doubt is not left out"


def test_the_weight_of_one_answer_is_its_reviewers() -> None:
    made = answered(1_500)
    alone = [label(DecisionId(f"one_{name}"), True, name) for name in (*PLANTED, "new")]
    weights = {one.reviewer: one.weight for one in judged(alone, made.said)}
    assert weights["ann"] > weights["ben"] > weights["kim"] > weights["coin"]
    assert weights["coin"] == pytest.approx(LEAST_WEIGHT, abs=0.1)
    assert weights["coin"] < weights["new"] < weights["ann"]
    assert not any(one.doubted for one in judged(alone, made.said))


def test_who_was_never_compared_weighs_as_before() -> None:
    alone = [label(DecisionId("a"), True), label(DecisionId("b"), False, "ben")]
    found = judged(alone, [])
    assert [(one.weight, one.doubted, one.right) for one in found] == [
        (1.0, False, True),
        (1.0, False, False),
    ]
    assert Quality.of([]) is None
    unsure = SharedAnswer(decision_id=DecisionId("a"), reviewer="ann", right=None)
    assert [one.doubted for one in judged(alone, [unsure])] == [True, False]


def test_two_who_disagree_leave_a_doubt_and_the_better_one_may_be_believed() -> None:
    made = answered(600, each=2)
    quality = Quality.of(made.said)
    assert quality
    assert quality.surely([("ann", True), ("ben", True)]) >= SURE
    assert quality.surely([("coin", True)]) < SURE
    assert quality.surely([("ben", True), ("kim", False)]) < SURE
    assert quality.surely([("stranger", True), ("stranger", False)]) < SURE


CONTRACT = RiskContract(
    target=Target.PER_SIDE, wrong_approvals=0.05, wrong_rejections=0.05, confidence=0.9
)


def sample(
    items: int, *, weights: ArrayLike | None = None, doubted: ArrayLike | None = None
) -> Sample:
    lot = np.random.default_rng(4)
    right = lot.random(items) < 0.5
    evidence = np.where(right, 2.4, -2.4) + 1.2 * lot.standard_normal(items)
    return Sample.of(1 / (1 + np.exp(-evidence)), right, weights=weights, doubted=doubted)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans()), min_size=1))
def test_a_doubt_is_an_error_whatever_the_gate_says(items: list[tuple[float, bool, bool]]) -> None:
    c, right, doubted = (np.array(column) for column in zip(*items, strict=True))
    found = Sample.of(c, right, doubted=doubted)
    for promise in Promise:
        labels = found.against(c, promise)
        assert (labels == right)[~doubted].all()
    assert not found.against(c, Promise.WRONG_APPROVALS)[doubted].any()
    assert found.against(c, Promise.WRONG_REJECTIONS)[doubted].all()
    approvals, rejections = tallies(Thresholds(low=0.4, high=0.6), c, found.labels, found.doubted)
    assert approvals.wrong >= np.count_nonzero(doubted & (c > 0.6))
    assert rejections.wrong >= np.count_nonzero(doubted & (c <= 0.4))


def test_doubts_only_ever_close_a_gate_further() -> None:
    items = 2_000
    plain = certify(sample(items), CONTRACT)
    doubts = np.random.default_rng(8).random(items) < 0.04
    doubted = certify(sample(items, doubted=doubts), CONTRACT)
    assert plain.opens
    assert doubted.coverage < plain.coverage
    assert not certify(sample(items, doubted=np.ones(items, bool)), CONTRACT).opens


def test_marks_that_say_nothing_make_the_same_sample() -> None:
    plain = sample(300)
    marked = sample(300, weights=np.ones(300), doubted=np.zeros(300, bool))
    assert plain.sha256 == marked.sha256
    weighed = sample(300, weights=np.linspace(0.1, 1, 300))
    assert weighed.sha256 != plain.sha256
    order = np.random.default_rng(1).permutation(300)
    assert weighed.where(order).sha256 == weighed.sha256
    one, other = weighed.split(3), weighed.where(order).split(3)
    assert (one[0].scores == other[0].scores).all()


def test_bad_reviewers_labels_hardly_move_the_calibrator() -> None:
    """A third of the labels are a coin's; weighed so, the calibrator is nearer to the true one."""
    clean = sample(3_000)
    lot = np.random.default_rng(6)
    coin = lot.random(3_000) < 1 / 3
    noisy = np.where(coin, lot.random(3_000) < 0.5, clean.labels)
    weights = np.where(coin, LEAST_WEIGHT, 1.0)
    at = np.linspace(0.02, 0.98, 25)
    true, blind, weighed = (
        calibrator_for(one).many(at)
        for one in (
            clean,
            Sample.of(clean.scores, noisy),
            Sample.of(clean.scores, noisy, weights=weights),
        )
    )
    assert np.abs(weighed - true).max() < np.abs(blind - true).max() / 2
