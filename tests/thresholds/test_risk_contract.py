"""Contracts that cannot be kept are refused, by name and with the remedy."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from service.domain.certificate import (
    BadContract,
    Certificate,
    Costs,
    Finding,
    Method,
    Promise,
    Proof,
    ReviewBounds,
    RiskContract,
    Tally,
    Target,
)
from service.domain.decision import Thresholds
from service.domain.errors import InvalidInput
from service.web.text.certificates import in_chinese, in_english


@pytest.mark.parametrize("limit", [0, 1, -0.01, 1.5, math.nan, math.inf])
@pytest.mark.parametrize("promise", list(Promise))
def test_a_limit_lies_between_nothing_and_everything(promise: Promise, limit: float) -> None:
    joint = promise is Promise.WRONG_ANSWERS
    target = Target.AUTO_ERROR if joint else Target.PER_SIDE
    limits: dict[str, Any] = {str(promise): limit}
    with pytest.raises(BadContract, match=promise.value):
        RiskContract(target=target, **limits)


@pytest.mark.parametrize(
    ("target", "limits"),
    [
        (Target.PER_SIDE, {}),
        (Target.PER_SIDE, {"wrong_answers": 0.01}),
        (Target.PER_SIDE, {"wrong_answers": 0.01, "wrong_approvals": 0.01}),
        (Target.AUTO_ERROR, {}),
        (Target.AUTO_ERROR, {"wrong_approvals": 0.01}),
        (Target.SYSTEM_ERROR, {"wrong_answers": 0.01, "wrong_rejections": 0.01}),
    ],
)
def test_the_limits_are_those_of_the_target(target: Target, limits: dict[str, Any]) -> None:
    with pytest.raises(BadContract, match="target"):
        RiskContract(target=target, **limits)


@pytest.mark.parametrize("confidence", [0, 0.3, 1, 1.2, math.nan])
def test_a_confidence_that_means_something(confidence: float) -> None:
    with pytest.raises(BadContract, match="confidence"):
        RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.01, confidence=confidence)


def test_review_bounds_that_exclude_each_other() -> None:
    with pytest.raises(BadContract, match="exclude each other"):
        ReviewBounds(min=0.4, max=0.3)
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(BadContract):
            ReviewBounds(max=bad)
    with pytest.raises(BadContract, match="reviews_a_day"):
        RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.01, reviews_a_day=0)


def test_costs_are_amounts() -> None:
    with pytest.raises(BadContract, match="wrong_rejection"):
        Costs(wrong_approval=1, wrong_rejection=-1, review_minute=1)
    with pytest.raises(InvalidInput, match="review_minute"):
        Costs(wrong_approval=1, wrong_rejection=1, review_minute=math.nan)


def test_delta_is_shared_between_the_sides_asked_for() -> None:
    both = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.01, wrong_rejections=0.02)
    one = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.01)
    assert (both.delta, both.delta_each, one.delta_each) == (0.1, 0.05, 0.1)
    assert both.promises == {Promise.WRONG_APPROVALS: 0.01, Promise.WRONG_REJECTIONS: 0.02}


def test_where_the_sides_meet() -> None:
    costs = Costs(wrong_approval=9, wrong_rejection=1, review_minute=1)
    limits: dict[str, Any] = {"target": Target.PER_SIDE, "wrong_approvals": 0.01}
    assert RiskContract(**limits, costs=costs).meeting_point == 0.9
    assert RiskContract(**limits).meeting_point == 0.5


def a_certificate(target: Target, *proofs: Proof, opens: bool = True, **days: Any) -> Certificate:
    limits: dict[str, Any] = {str(proof.promise): proof.alpha for proof in proofs}
    return Certificate(
        contract=RiskContract(target=target, confidence=0.95, **limits),
        thresholds=Thresholds(low=None, high=0.9 if opens else None),
        proofs=proofs,
        approvals=Tally(decided=1_100, wrong=3),
        rejections=Tally(),
        labels=2_310,
        tested=1_540,
        sample_sha256="0" * 64,
        seed=0,
        calibrator={},
        code_version="test",
        **days,
    )


def a_proof(promise: Promise, finding: Finding, alpha: float = 0.01) -> Proof:
    return Proof(
        promise=promise,
        finding=finding,
        method=Method.SPLIT_ORDER_LTT,
        alpha=alpha,
        delta=0.05,
        wrong=3,
        trials=1_100,
        p_value=0.005,
        bound=0.007,
        fewest=459,
    )


def day(month: int, day_of_month: int, year: int = 2025) -> datetime:
    return datetime(year, month, day_of_month, tzinfo=UTC)


def test_in_words() -> None:
    approvals = a_proof(Promise.WRONG_APPROVALS, Finding.PROVEN)
    found = a_certificate(Target.PER_SIDE, approvals, since=day(11, 3), until=day(11, 20))
    assert in_english(found) == (
        "wrong approvals at most 1 %, 95 % sure, from 2,310 labels of 3-20 November 2025"
    )
    assert in_chinese(found) == (
        "误批准率不超过 1%，置信度 95%，依据 2025年11月3日至20日的 2,310 条标注"
    )


@pytest.mark.parametrize(
    ("finding", "english", "chinese"),
    [
        (Finding.NOT_PROVEN, "not proven", "未获证明"),
        (Finding.TOO_FEW_LABELS, "at least 459 labels without an error", "459 条无差错"),
        (Finding.ONE_LABEL_ONLY, "all labels are alike", "所有标注都相同"),
    ],
)
@pytest.mark.parametrize("promise", list(Promise))
def test_what_is_closed_is_never_said_to_be_kept(
    promise: Promise, finding: Finding, english: str, chinese: str
) -> None:
    target = Target.AUTO_ERROR if promise is Promise.WRONG_ANSWERS else Target.PER_SIDE
    found = a_certificate(target, a_proof(promise, finding), opens=False)
    assert in_english(found).startswith("nothing is ")
    assert english in in_english(found)
    assert in_chinese(found).startswith("不自动")
    assert chinese in in_chinese(found)
    assert "sure" not in in_english(found)
    assert "置信度" not in in_chinese(found)


@pytest.mark.parametrize(
    ("since", "until", "english", "chinese"),
    [
        (day(11, 3), day(11, 3), "3 November 2025", "2025年11月3日"),
        (day(10, 28), day(11, 3), "28 October to 3 November 2025", "2025年10月28日至11月3日"),
        (
            day(12, 28, 2024),
            day(1, 3),
            "28 December 2024 to 3 January 2025",
            "2024年12月28日至2025年1月3日",
        ),
    ],
)
def test_days_in_words(since: datetime, until: datetime, english: str, chinese: str) -> None:
    proof = a_proof(Promise.WRONG_ANSWERS, Finding.PROVEN)
    found = a_certificate(Target.SYSTEM_ERROR, proof, since=since, until=until)
    assert in_english(found) == (
        "wrong automatic answers among all items at most 1 %, 95 % sure, "
        f"from 2,310 labels of {english}"
    )
    assert in_chinese(found).endswith(f"依据 {chinese}的 2,310 条标注")
