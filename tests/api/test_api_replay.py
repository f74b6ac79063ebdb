"""Replay over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

PATH = "/v1/gates/answers/replay"


def test_a_candidate_is_compared_and_nothing_changes(
    api: httpx.Client, ask: Callable[..., dict[str, Any]]
) -> None:
    for score in (0.3, 0.5, 0.7, 0.95):
        ask(score)
    before = api.get("/v1/gates/answers")
    costs = {"wrong_approval": 5, "wrong_rejection": 1, "review_minute": 1}
    candidate = {"thresholds": {"low": 0.4, "high": 0.6}}
    answer = api.post(PATH, json={"candidate": candidate, "costs": costs, "limit": 4})
    assert answer.status_code == httpx.codes.OK, answer.text
    told = answer.json()
    assert told["in_force"]["reviews"] == 3
    assert told["candidate"]["reviews"] == 1
    assert told["candidate"]["automation"] == 0.75
    assert told["moved"]["human_review"] == {
        "auto_reject": 1,
        "human_review": 1,
        "auto_approve": 1,
    }
    approvals = told["candidate"]["approvals"]
    assert (approvals["judged"], approvals["wrong"], approvals["most_wrong"]) == (0, 0, 2)
    assert approvals["panel"]["value"] is None
    assert (told["candidate"]["cost"]["least"], told["candidate"]["cost"]["most"]) == (0.25, 3.0)
    after = api.get("/v1/gates/answers")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


def test_a_contract_or_an_old_version_may_be_the_candidate(api: httpx.Client) -> None:
    contract = {"contract": {"target": "per_side", "wrong_approvals": 0.01}}
    told = api.post(PATH, json={"candidate": contract}).json()
    assert "nothing is approved automatically" in told["certificates"][0]["en"]
    assert told["thresholds"] == {"low": None, "high": None}
    assert api.post(PATH, json={"put_back": 1}).json()["agreement"]["value"] in (1.0, None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"candidate": {"thresholds": {"low": 0.9, "high": 0.1}}}, "Set low below high"),
        ({"candidate": {"labels": ["x", "y"], "approve_labels": ["x"]}}, "other labels"),
        ({"candidate": {"colour": "blue"}}, "is not a key"),
        ({"candidate": {"panel_share": 0.1}, "put_back": 1}, "one of them"),
        ({"costs": {"lunch": 3}}, "Costs are wrong_approval"),
        (
            {"costs": {"wrong_approval": -1, "wrong_rejection": 1, "review_minute": 1}},
            "not an amount",
        ),
        ({"limit": 0}, "limit"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    api: httpx.Client, body: dict[str, Any], said: str
) -> None:
    answer = api.post(PATH, json=body)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert said in answer.json()["detail"]
