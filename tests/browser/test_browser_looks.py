"""Everybody can read it: any width, light and dark, two languages, and nothing foreign runs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from service.domain.adaptation import Mode
from tests.browser.conftest import Reviewer
from tests.pages.history import into, live
from tests.pages.site import Site

LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 8 + " 很长的一段没有空格的文字" * 12

LOW_CONTRAST = """() => {
  const channels = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return channels(getComputedStyle(document.body).backgroundColor);
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || !element.getClientRects().length || element.closest("svg")) continue;
    const [a, b] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}
CHINESE = {"locale": "zh-CN"}


@pytest.fixture(autouse=True, scope="module")
def _lived(running: Site) -> None:
    live(running, "earning", 1500)
    live(running, "comments", 60, panel=False)


def visit_every_page(site: Site, someone: Reviewer) -> list[str]:
    """Show each kind of page in turn, and gather what is wrong with it."""
    someone.site.ask(LONG, ai_result=LONG, category="health", risk_level="high")
    someone.site.ask(LONG, signals=None, ai_result={"a": [LONG] * 3})
    task = site.ask("short", ai_result="short")
    page, wrong = someone.page, []

    def look(what: str) -> None:
        # Not innerWidth: a phone zooms out until everything fits.
        wide = page.evaluate("document.documentElement.scrollWidth")
        if page.viewport_size and wide > page.viewport_size["width"]:
            wrong.append(f"{what} is {wide} px wide")
        wrong.extend(f"{what}: {poor}" for poor in page.evaluate(LOW_CONTRAST))

    page.goto("/sign-in")
    look("sign-in")
    someone.sign_in("ann")
    expect(page.locator("#start")).to_be_visible()
    look("queue")
    page.goto(f"/review/tasks/{task}")
    look("an item that waits")
    someone.press("n")
    someone.at(task)
    look("an item in hand")
    someone.press("e")
    look("an item that is edited")
    page.keyboard.press("Escape")
    someone.press("a")
    expect(page.locator("#bar")).to_be_visible()
    look("the next item")
    page.goto("/review")
    look("a queue with a past")
    page.goto("/review/tasks/nope")
    look("nothing")
    someone.signed_in("max")
    for path in ("", "/earning", "/comments", "/earning/edit", "/earning/versions/1"):
        page.goto(f"/gates{path}")
        look(f"/gates{path}")
    page.goto("/gates/comments/edit")
    page.fill("#low", "95")
    page.locator("#look").click()
    expect(page.locator(".wrong")).to_be_visible()
    look("a mistake in a gate")
    page.fill("#low", "5")
    page.locator("#look").click()
    expect(page.locator("#save")).to_be_visible()
    look("a change of a gate")
    page.locator("#try").click()
    expect(page.locator("#adopt")).to_be_visible()
    look("a shadow")
    page.locator("#stop").click()
    expect(page.locator(".badge.is-stopped")).to_be_visible()
    into(site, "earning", Mode.INFEASIBLE, "limit disproven")
    for path in ("", "/earning"):
        page.goto(f"/gates{path}")
        expect(page.locator(".mode.is-infeasible")).to_be_visible()
        look(f"/gates{path} infeasible")
    return wrong


@pytest.mark.parametrize(
    "options",
    [{}, DARK, CHINESE, PHONE, {**PHONE, **DARK, **CHINESE}],
    ids=["desktop", "dark", "chinese", "phone", "dark Chinese phone"],
)
def test_every_page_fits_and_can_be_read(
    site: Site, reviewer: Callable[..., Reviewer], options: dict[str, Any]
) -> None:
    assert visit_every_page(site, reviewer(**options)) == []


def test_a_thumb_hits_the_buttons(site: Site, reviewer: Callable[..., Reviewer]) -> None:
    task = site.ask(ai_result="short")
    ann = reviewer(**PHONE).signed_in("ann")
    ann.open(task)
    for button in ann.page.locator("#hold button:visible, .site button:visible").all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= 40, button.inner_text()
        assert box["width"] >= 40, button.inner_text()
    ann.look()
    ann.page.get_by_role("button", name="Approve").tap()
    expect(ann.page.locator("#bar")).to_contain_text("Approved")


def test_a_chinese_reviewer_works_in_chinese(site: Site, reviewer: Callable[..., Reviewer]) -> None:
    task = site.ask("这条评论可以发布吗？", ai_result="发布")
    ann = reviewer(**CHINESE).signed_in("ann")
    page = ann.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("h1")).to_have_text("有 1 条内容等您审核")
    ann.press("n")
    ann.at(task)
    expect(page.locator("button.is-approve")).to_contain_text("通过")
    ann.press("x")
    expect(page.locator("#bar")).to_contain_text("已拒绝")
    expect(page.locator("h1")).to_have_text("没有待审内容。")
    expect(page.locator("#bar .countdown")).to_have_text(re.compile("^[1-5] 秒$"))
    assert not re.search("[a-z]", page.locator(".waiting").inner_text())
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Nothing waits.")


def test_foreign_scripts_and_styles_do_not_run(chromium: Chromium, site: Site) -> None:
    """The policy holds in the browser: what somehow got into a page does nothing there."""
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/sign-in")
    page.evaluate(
        """() => {
          const inline = document.createElement("script");
          inline.textContent = "document.title = 'taken over'";
          document.body.append(inline);
          document.querySelector("h1").setAttribute("style", "display: none");
          const picture = document.createElement("img");
          picture.src = "https://evil.example/x.png";
          document.body.append(picture);
        }"""
    )
    expect(page).to_have_title("Sign in · Confidence Gate")
    expect(page.locator("h1")).to_be_visible()
    refused = [text for text in said if "Content Security Policy" in text]
    assert len(refused) == 3
    context.close()


def test_a_forged_form_is_refused_with_a_calm_page(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.page.locator("#answer input[name=csrf]").evaluate("field => { field.value = 'forged' }")
    ann.press("a")
    expect(ann.page.locator("h1")).to_have_text("This is not yours to do")
    expect(ann.page.locator("header.site")).to_be_visible()
    assert site.state(task) == "claimed"
