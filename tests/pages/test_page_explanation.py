"""The words that weigh, on the item's own page and in the API."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.pages import site as sites
from tests.pages.site import KEY, Browser, Site, serving

GATES = """\
gates:
  comments: {{scorer: embedded, thresholds: {{low: null, high: null}}}}
  blind: {{scorer: embedded, thresholds: {{low: null, high: null}}, panel_share: 0.1}}
  signals: {{scorer: signals, thresholds: {{low: null, high: null}}}}
"""
TEXT = "Thank you for the help, but <b>what</b> a stupid piece of trash"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "GATES", GATES)
        folder: Path = tmp_path_factory.mktemp("explained")
        with serving(folder) as site:
            yield site


def ask(site: Site, gate: str, **more: object) -> dict[str, str]:
    answer = httpx.post(
        f"{site.url}/v1/gates/{gate}/decisions",
        json={"item": {"text": TEXT}, **more},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    return dict(answer.json())


@pytest.fixture
def ann(site: Site) -> Browser:
    browser = Browser(site)
    browser.sign_in("ann")
    return browser


def test_the_page_asks_for_it_and_marks_the_words(site: Site, ann: Browser) -> None:
    task = ask(site, "comments")["review_task_id"]
    page = ann.get(f"/review/tasks/{task}").text
    assert f'data-explained-at="/review/tasks/{task}/explanation"' in page
    part = ann.get(f"/review/tasks/{task}/explanation").text
    assert "stupid" in part.partition("speak for rejecting")[0]
    assert 'id="item-text"' in part
    assert "<mark" in part
    assert "<b>" not in part  # an item's own markup stays text


def test_in_chinese_too(site: Site) -> None:
    task = ask(site, "comments")["review_task_id"]
    browser = Browser(site, **{"Accept-Language": "zh-CN"})
    browser.sign_in("ann")
    assert "支持拒绝" in browser.get(f"/review/tasks/{task}/explanation").text


@pytest.mark.parametrize(
    ("gate", "more"), [("blind", {}), ("signals", {"signals": {"score": 0.4}})]
)
def test_nothing_is_told_where_the_ais_word_is_hidden_or_no_model_judged(
    site: Site, ann: Browser, gate: str, more: dict[str, object]
) -> None:
    task = ask(site, gate, **more)["review_task_id"]
    assert "/explanation" not in ann.get(f"/review/tasks/{task}").text
    part = ann.get(f"/review/tasks/{task}/explanation").text
    assert "There is no explanation just now." in part
    assert "<mark" not in part


def test_the_api_gives_every_weight_in_the_texts_order(site: Site) -> None:
    decision = ask(site, "comments")
    answer = httpx.get(
        f"{site.url}/v1/decisions/{decision['decision_id']}/explanation",
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    found = answer.json()
    assert found["model_version"] == decision["model_version"]
    assert [TEXT[p["start"] : p["end"]] for p in found["parts"]] == [
        p["name"] for p in found["parts"]
    ]
    assert min(found["parts"], key=lambda part: part["weight"])["name"] in ("stupid", "trash")
    assert set(found["in_words"]) == {"en", "zh-Hans"}


def test_the_api_says_why_there_is_none(site: Site) -> None:
    decision = ask(site, "signals", signals={"score": 0.4})
    answer = httpx.get(
        f"{site.url}/v1/decisions/{decision['decision_id']}/explanation",
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == httpx.codes.CONFLICT
    assert "No model scored it" in answer.json()["detail"]


@pytest.mark.parametrize("gate", ["comments", "blind"])
def test_what_the_model_could_not_read_is_marked_instead(
    site: Site, ann: Browser, gate: str
) -> None:
    item = {"text": "Thank you for the quick delivery! 我会杀了你 & so long."}
    task = ask(site, gate, item=item)["review_task_id"]
    page = ann.get(f"/review/tasks/{task}").text
    assert ">我会杀了你</mark> &amp; so long.</div>" in page
    assert "/explanation" not in page
