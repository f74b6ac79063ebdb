"""Many tabs of one browser: they share one stream of news, and none waits for another."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reviewer
from tests.pages.site import Site

TABS = 10
NO_WORKER = "delete window.SharedWorker"
STREAMS = """() => {
  window.streams = 0;
  const Real = window.EventSource;
  window.EventSource = class extends Real {
    constructor(...given) { super(...given); window.streams += 1; }
    close() { super.close(); window.streams -= 1; }
  };
}"""


def open_tabs(ann: Reviewer) -> list[Page]:
    tabs = [ann.page, *(ann.page.context.new_page() for _ in range(TABS - 1))]
    for tab in tabs:
        tab.goto("/review")
    return tabs


def expect_all_to_hear(site: Site, tabs: list[Page], waiting: int) -> None:
    site.ask(f"item {waiting}")
    said = f"{waiting} item waits for you" if waiting == 1 else f"{waiting} items wait for you"
    for tab in tabs:
        expect(tab.locator("h1")).to_have_text(said)


def test_ten_tabs_hear_the_news_and_work(site: Site, ann: Reviewer) -> None:
    tabs = open_tabs(ann)
    expect_all_to_hear(site, tabs, 1)
    tabs[0].close()
    expect_all_to_hear(site, tabs[1:], 2)
    tabs[-1].locator("#start").click()
    expect(tabs[-1].locator("#answer")).to_be_visible()


def test_without_shared_workers_one_tab_leads_and_another_follows_it(
    site: Site, reviewer: Callable[..., Reviewer]
) -> None:
    ann = reviewer()
    ann.page.context.add_init_script(f"{NO_WORKER};({STREAMS})()")
    ann.signed_in()
    tabs = open_tabs(ann)
    expect_all_to_hear(site, tabs, 1)
    leading = [tab.evaluate("window.streams") for tab in tabs]
    assert sorted(leading) == [0] * (TABS - 1) + [1]
    tabs.pop(leading.index(1)).close()
    expect_all_to_hear(site, tabs, 2)
    assert sum(tab.evaluate("window.streams") for tab in tabs) == 1


@pytest.mark.parametrize("worker", [True, False], ids=["shared worker", "leader"])
def test_news_come_again_after_signing_in_anew(
    site: Site, reviewer: Callable[..., Reviewer], worker: bool
) -> None:
    ann = reviewer()
    if not worker:
        ann.page.context.add_init_script(NO_WORKER)
    ann.signed_in()
    ann.page.get_by_role("button", name="Sign out").click()
    ann.sign_in("ben")
    expect(ann.page.locator("h1")).to_have_text("Nothing waits.")
    expect_all_to_hear(site, [ann.page], 1)
