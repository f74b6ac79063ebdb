"""Single keys serve who wants them, and never act by accident."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reviewer
from tests.pages.site import Site

KEYDOWN = """([key, more]) => document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key, code: "KeyA", bubbles: true, cancelable: true, ...more })
)"""


@pytest.mark.parametrize(
    "more",
    [
        {"isComposing": True},
        {"keyCode": 229},
        {"ctrlKey": True},
        {"altKey": True},
        {"metaKey": True},
        {"repeat": True},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_key_that_is_not_for_us_does_nothing(
    site: Site, ann: Reviewer, more: dict[str, object]
) -> None:
    task = site.ask()
    ann.open(task)
    ann.press("Escape")  # the page is ready
    not_taken = ann.page.evaluate(KEYDOWN, ["a", more])
    assert not_taken, "dispatchEvent is false where somebody took the key"
    assert site.state(task) == "claimed"
    assert not ann.page.evaluate(KEYDOWN, ["a", {}]), "the same key alone is taken"
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.state(task) == "resolved"


def test_composing_chinese_in_the_comment_answers_nothing(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.press("c")
    keyboard = ann.page.context.new_cdp_session(ann.page)
    for composed in ("x", "xi", "xin", "xina"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": composed, "selectionStart": len(composed), "selectionEnd": len(composed)},
        )
    keyboard.send("Input.insertText", {"text": "新啊"})
    expect(ann.page.locator("#comment")).to_have_value("新啊")
    assert site.state(task) == "claimed"
    ann.press("Escape")
    ann.press("x")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.answers[0].comment == "新啊"


def test_a_keyboard_without_latin_letters_works_by_place(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.press("Escape")
    assert not ann.page.evaluate(KEYDOWN, ["ф", {}])
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.state(task) == "resolved"


def test_a_key_held_or_pressed_twice_answers_one_item(site: Site, ann: Reviewer) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    ann.look()
    for _ in range(5):
        ann.page.keyboard.down("a")  # each after the first is a repeat
    ann.at(second)
    ann.page.keyboard.down("a")
    ann.page.keyboard.up("a")
    ann.page.keyboard.press("a")  # the new item has not been seen yet
    expect(ann.page.locator("#bar")).to_contain_text("first")
    assert [site.state(first), site.state(second)] == ["resolved", "claimed"]


def test_space_presses_the_button_it_is_on_and_else_scrolls(site: Site, ann: Reviewer) -> None:
    task = site.ask("a long text " * 800)
    ann.open(task)
    ann.page.locator("summary", has_text="Details").focus()
    ann.press("Space")
    expect(ann.page.locator(".judgement details")).to_have_attribute("open", "")
    assert site.state(task) == "claimed"
    ann.page.locator("main").focus()
    ann.press("Space")
    ann.page.wait_for_function("scrollY > 300")
    assert site.state(task) == "claimed"


def test_the_keys_are_explained_and_can_be_switched_off(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    expect(ann.page.locator("button.is-approve kbd")).to_have_text("a")
    ann.press("?")
    dialog = ann.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    ann.press("a")  # behind a dialog nothing is pressed
    dialog.get_by_role("checkbox").uncheck()
    ann.press("Escape")
    expect(dialog).to_be_hidden()
    ann.press("a")
    expect(ann.page.locator("button.is-approve kbd")).to_be_hidden()
    ann.page.reload()
    ann.press("x")
    assert site.state(task) == "claimed"
    ann.page.get_by_role("button", name="Keys").click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Close").click()
    ann.press("x")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.verdict == "reject"


def test_buttons_work_by_tab_and_enter(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.look()
    ann.page.locator("#comment").focus()
    ann.page.keyboard.press("Tab")
    expect(ann.page.get_by_role("button", name="Approve")).to_be_focused()
    ann.page.keyboard.press("Tab")
    ann.page.keyboard.press("Enter")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.verdict == "reject"
