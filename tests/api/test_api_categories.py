"""Categories over HTTP: one that a gate does not know is for people, in every spelling."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import KEY, serving, settings_for

GATES = """\
gates:
  shop:
    scorer: signals
    thresholds: {low: 0.1, high: 0.8}
    categories:
      health: {aliases: [健康, wellness], thresholds: {low: null, high: 0.99}}
      toys: {}
  open:
    scorer: signals
    thresholds: {low: 0.1, high: 0.8}
    categories: {health: {thresholds: {low: null, high: 0.99}}}
    unknown_category: inherit
  demanding:
    scorer: signals
    thresholds: {low: 0.1, high: 0.8}
    categories: {toys: {}}
    category_required: true
  bare:
    scorer: signals
    thresholds: {low: 0.1, high: 0.8}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "gates.yaml").write_text(GATES)
    with (
        serving(settings_for(folder)) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        yield client


def ask(
    api: httpx.Client, category: str | None, score: float = 0.9, gate: str = "shop"
) -> dict[str, object]:
    body = {"item": {"text": "x"}, "signals": {"score": score}, "category": category}
    answer = api.post(f"/v1/gates/{gate}/decisions", json=body)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


SPELLINGS = ["health", "Health", "HEALTH", "health ", "ｈｅａｌｔｈ"]


@pytest.mark.parametrize(
    ("gate", "category"),
    [
        *(("shop", spelling) for spelling in (*SPELLINGS, "健康", " Wellness")),
        *(("open", spelling) for spelling in SPELLINGS),
    ],
)
def test_every_spelling_has_the_categorys_thresholds(
    shop: httpx.Client, gate: str, category: str
) -> None:
    answer = ask(shop, category, gate=gate)
    assert (answer["decision"], answer["reason"]) == ("human_review", "between")
    assert answer["thresholds"] == {"low": None, "high": 0.99}
    assert shop.get(f"/v1/tasks/{answer['review_task_id']}").json()["category"] == "health"
    trail = [json.loads(line) for line in shop.get("/v1/audit").text.splitlines()]
    [entry] = [one for one in trail if one["subject"] == answer["decision_id"]]
    assert entry["payload"]["category"] == "health"


@pytest.mark.parametrize("score", [0.0, 0.9, 1.0])
@pytest.mark.parametrize(
    ("gate", "category"),
    [
        *(("shop", name) for name in ("healthcare", "heаlth", "health\u200b", "保健", "toy", "?")),
        ("demanding", None),
        ("demanding", "health"),
        ("bare", "health"),
    ],
)
def test_an_unknown_category_is_for_people(
    shop: httpx.Client, gate: str, category: str | None, score: float
) -> None:
    answer = ask(shop, category, score, gate)
    assert (answer["decision"], answer["reason"]) == ("human_review", "unknown_category")
    assert answer["thresholds"] == {"low": None, "high": None}
    assert answer["confidence"] == score
    task = shop.get(f"/v1/tasks/{answer['review_task_id']}").json()
    assert (task["reason"], task["category"]) == ("unknown_category", category)


@pytest.mark.parametrize(
    ("gate", "category"),
    [
        ("shop", None),
        ("shop", "TOYS"),
        ("open", "healthcare"),
        ("demanding", "Toys"),
        ("bare", None),
    ],
)
def test_what_the_policy_lets_inherit_does(
    shop: httpx.Client, gate: str, category: str | None
) -> None:
    assert ask(shop, category, gate=gate)["decision"] == "auto_approve"


def test_the_gate_says_what_it_knows(shop: httpx.Client) -> None:
    gate = shop.get("/v1/gates/shop").json()
    assert gate["categories"] == {
        "health": {"low": None, "high": 0.99},
        "toys": {"low": 0.1, "high": 0.8},
    }
    policy = gate["policy"]
    assert policy["categories"]["health"]["aliases"] == ["健康", "wellness"]
    assert (policy["unknown_category"], policy["category_required"]) == ("review", False)
    assert shop.get("/v1/gates/demanding").json()["thresholds"] == {"low": 0.1, "high": 0.8}


def test_a_policy_whose_aliases_collide_is_refused(shop: httpx.Client) -> None:
    policy = shop.get("/v1/gates/shop").json()["policy"]
    policy["categories"]["toys"] = {"aliases": ["Wellness"]}
    told = shop.put("/v1/gates/shop", json={"policy": policy}, headers={"If-Match": "*"})
    assert told.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    [mistake] = told.json()["errors"]
    assert mistake["field"] == "categories.toys.aliases"
    assert "names 'Wellness', which is the category 'health' too" in mistake["message"]
