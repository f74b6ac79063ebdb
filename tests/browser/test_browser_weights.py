"""What weighs is shown for every way that leads to an item, and nothing waits for it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Route, expect

from tests.browser.conftest import Reviewer
from tests.pages import site as sites
from tests.pages.site import Site, serving

GATES = """\
gates:
  comments: {{scorer: embedded, thresholds: {{low: null, high: null}}}}
"""
TEXTS = ("What a stupid piece of trash", "You are a stupid fool", "Such trash, such an idiot")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "GATES", GATES)
        folder: Path = tmp_path_factory.mktemp("explained")
        with serving(folder) as site:
            yield site


@pytest.fixture
def ann(chromium: Chromium, site: Site) -> Iterator[Reviewer]:
    site.clear()
    context = chromium.new_context(base_url=site.url, locale="en-GB")
    someone = Reviewer(context.new_page(), site)
    yield someone.signed_in()
    context.close()
    assert not someone.unexpected()


def expect_weights(ann: Reviewer) -> None:
    expect(ann.page.locator("#explanation .weights li").first).to_be_visible()
    expect(ann.page.locator("#item-text mark").first).to_be_visible()


def test_by_key_by_button_by_link_by_undo_and_going_back(site: Site, ann: Reviewer) -> None:
    for text in TEXTS:
        site.ask(text, signals=None)
    expect(ann.page.locator("#start")).to_be_visible()
    ann.press("n")
    expect_weights(ann)
    ann.press("a")
    expect(ann.page.locator("#bar")).to_contain_text("Approved")
    expect_weights(ann)
    ann.look()
    ann.page.get_by_role("button", name="Skip").click()
    expect(ann.page.locator("#bar")).to_contain_text("Skipped")
    expect_weights(ann)
    ann.press("Backspace")
    expect(ann.page.locator("#bar")).to_have_count(0)
    expect_weights(ann)
    ann.page.get_by_role("link", name="Queue").click()
    ann.page.locator(".row-link").first.click()
    expect_weights(ann)
    ann.page.go_back()
    expect(ann.page.locator("h1")).to_contain_text("wait")
    ann.page.go_forward()
    expect_weights(ann)


def test_a_slow_one_holds_up_no_verdict_and_comes_to_no_other_item(
    site: Site, ann: Reviewer
) -> None:
    first, second = (site.ask(text, signals=None) for text in TEXTS[:2])
    held: list[Route] = []
    ann.page.route("**/explanation", lambda route: held.append(route))
    expect(ann.page.locator("#start")).to_be_visible()
    ann.press("n")
    expect(ann.page.locator("#item-text")).to_be_visible()
    shown = ann.page.locator("#item-text").inner_text()
    ann.press("x")
    expect(ann.page.locator("#item-text")).not_to_have_text(shown)
    ann.look()
    held[0].abort()
    held[1].continue_()
    expect_weights(ann)
    expect(ann.page.locator("#item-text")).not_to_have_text(shown)
    assert {site.state(first), site.state(second)} == {"resolved", "claimed"}
    expect(ann.page).to_have_url(re.compile("/review/tasks/"))
