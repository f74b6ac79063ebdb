"""No key is lost, and none is taken for another: what is typed is text, what is pressed decides."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import LETTER_MS, Reviewer
from tests.pages.site import Site

COMMENT = "as the customer asked"


@pytest.fixture
def ann(ann: Reviewer) -> Reviewer:
    ann.stop_time()
    return ann


def comment_of(site: Site, task: str) -> str:
    return site.view(task).task.answers[-1].comment


def test_a_comment_begun_at_once_decides_nothing(site: Site, ann: Reviewer) -> None:
    tasks = [site.ask(f"item {n}", signals={"score": 0.5 - n / 20}) for n in range(4)]
    ann.open(tasks[0])
    for task in tasks:
        ann.at(task)
        ann.type("c" + COMMENT)  # the item has just appeared
        expect(ann.page.locator("#comment")).to_have_value(COMMENT)
        assert site.state(task) == "claimed"
        ann.press("Escape")
        ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert [comment_of(site, task) for task in tasks] == [COMMENT] * 4


def test_a_comment_begun_before_the_item_is_there_is_the_items(site: Site, ann: Reviewer) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    held: list[Route] = []
    ann.page.route("**/answer", lambda route: held.append(route), times=1)
    with ann.page.expect_request("**/answer"):
        ann.press("a")
    ann.type("c" + COMMENT[:9])
    expect(ann.page.locator("#carried")).to_be_visible()
    held.pop().continue_()
    ann.at(second)
    expect(ann.page.locator("#comment")).to_be_focused()
    ann.type(COMMENT[9:])
    expect(ann.page.locator("#comment")).to_have_value(COMMENT)
    expect(ann.page.locator("#carried")).to_be_hidden()
    assert (comment_of(site, first), site.state(second)) == ("", "claimed")


def test_what_was_typed_for_a_next_item_that_never_came_stays(site: Site, ann: Reviewer) -> None:
    only = site.ask()
    ann.open(only)
    held: list[Route] = []
    ann.page.route("**/answer", lambda route: held.append(route), times=1)
    with ann.page.expect_request("**/answer"):
        ann.press("x")
    ann.type("c" + COMMENT)
    held.pop().continue_()
    expect(ann.page.locator("#carried")).to_contain_text("There is no next item.")
    expect(ann.page.locator("#carried-text")).to_have_value(COMMENT)
    ann.page.get_by_role("button", name="Discard").click()
    expect(ann.page.locator("#carried")).to_be_hidden()


def test_a_verdict_before_its_item_was_seen_is_answered_and_forgotten(
    site: Site, ann: Reviewer
) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    held: list[Route] = []
    ann.page.route("**/answer", lambda route: held.append(route), times=1)
    with ann.page.expect_request("**/answer"):
        ann.press("a")
    ann.strike("x")
    expect(ann.page.locator("#told")).to_contain_text("“x” came too soon")
    held.pop().continue_()
    ann.at(second)
    ann.strike("x")  # within the guard time
    expect(ann.page.locator("#told")).to_contain_text("press again")
    ann.look()
    assert site.state(second) == "claimed"
    ann.press("x")
    expect(ann.page.locator("#told")).to_be_empty()
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert (site.view(first).task.verdict, site.view(second).task.verdict) == ("approve", "reject")


@pytest.mark.parametrize(
    "burst", ["as", "aa", "xa", "us", "ac", "ae", "qa", "a ", "approve", "xx x"]
)
def test_a_burst_of_letters_never_decides(site: Site, ann: Reviewer, burst: str) -> None:
    task = site.ask(ai_result="reply")
    ann.open(task)
    ann.look()
    ann.type(burst)
    expect(ann.page.locator("#told")).to_contain_text("nothing was decided")
    expect(ann.page.locator("main")).to_be_focused()
    expect(ann.page.locator(".is-pressed")).to_have_count(0)
    assert site.state(task) == "claimed"
    ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.verdict == "approve"


def test_pasting_and_composing_outside_of_a_field_decide_nothing(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.look()
    ann.page.keyboard.insert_text("approve")
    keyboard = ann.page.context.new_cdp_session(ann.page)
    keyboard.send("Input.imeSetComposition", {"text": "a", "selectionStart": 1, "selectionEnd": 1})
    keyboard.send("Input.insertText", {"text": "阿"})
    for key in ("a", "x"):
        ann.page.evaluate(
            """(key) => {
              document.body.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true}));
              document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            }""",
            key,
        )
    expect(ann.page.locator("#told")).to_contain_text("nothing was decided")
    assert site.state(task) == "claimed"


@pytest.mark.parametrize("key", ["a", "x", "u", "s"])
def test_a_held_key_decides_once(site: Site, ann: Reviewer, key: str) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    ann.look()
    for _ in range(9):
        ann.page.keyboard.down(key)
        ann.page.clock.run_for(LETTER_MS)
    ann.at(second)
    ann.look()
    for _ in range(9):
        ann.page.keyboard.down(key)
        ann.page.clock.run_for(LETTER_MS)
    ann.page.keyboard.up(key)
    assert site.state(first) != "claimed"
    assert site.state(second) == "claimed"


def test_a_double_click_answers_one_item(site: Site, ann: Reviewer) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    ann.look()
    ann.page.get_by_role("button", name="Approve").click()
    ann.at(second)
    ann.page.get_by_role("button", name="Approve").click()  # where the first one was
    expect(ann.page.locator("#told")).to_contain_text("Too soon")
    assert site.state(second) == "claimed"
    ann.look()
    ann.page.get_by_role("button", name="Reject").click()
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(second).task.verdict == "reject"


ZOOMED = {"viewport": {"width": 320, "height": 200}}


def test_at_400_percent_the_item_is_seen_before_it_is_answered(
    site: Site, reviewer: Callable[..., Reviewer]
) -> None:
    task = site.ask("one line of text", ai_result="a reply " * 200, category="lamps")
    ann = reviewer(**ZOOMED).signed_in()
    ann.open(task)
    ann.look()
    text, hold = ann.page.locator(".item .text"), ann.page.locator("#hold")
    box, bar = text.bounding_box(), hold.bounding_box()
    assert box
    assert bar
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= min(200, bar["y"])
    ann.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    ann.page.wait_for_function("scrollY > 300")
    ann.press("a")
    expect(ann.page.locator("#told")).to_contain_text("not in view")
    assert site.state(task) == "claimed"
    ann.press("a")  # it was brought into view
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))


def test_keys_are_changed_by_keyboard_and_remembered(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.press("?")
    dialog = ann.page.get_by_role("dialog", name="Keys")
    dialog.locator("[data-rebind=approve]").focus()
    ann.press("Enter")
    expect(dialog).to_contain_text("Press the new key for “approve”")
    ann.press("j")
    expect(dialog.locator("[data-rebind=approve]")).to_have_text(re.compile("j$"))
    dialog.locator("[data-rebind=skip]").focus()
    ann.press("Enter")
    ann.press("x")
    expect(dialog).to_contain_text("changed places: reject")
    ann.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ann.page.locator("button.is-approve kbd")).to_have_text("j")
    ann.page.reload()
    expect(ann.page.locator("button.is-reject")).to_have_attribute("aria-keyshortcuts", "s")
    ann.press("a")
    assert site.state(task) == "claimed"
    ann.press("j")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.verdict == "approve"
    ann.press("?")
    dialog.get_by_role("button", name="Back to the usual keys").click()
    expect(dialog.locator("[data-rebind=approve]")).to_have_text(re.compile("a$"))


def test_after_escape_a_key_is_a_key_at_once(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.look()
    ann.type("c" + COMMENT)
    ann.strike("Escape", 10)
    ann.strike("x")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert (site.view(task).task.verdict, comment_of(site, task)) == ("reject", COMMENT)


def test_what_is_being_composed_as_the_item_comes_is_finished_first(
    site: Site, ann: Reviewer
) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    held: list[Route] = []
    ann.page.route("**/answer", lambda route: held.append(route), times=1)
    with ann.page.expect_request("**/answer"):
        ann.press("a")
    ann.strike("c")
    keyboard = ann.page.context.new_cdp_session(ann.page)
    for composed in ("x", "xi", "xin"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": composed, "selectionStart": len(composed), "selectionEnd": len(composed)},
        )
    held.pop().continue_()
    ann.at(second)
    expect(ann.page.locator("#carried-text")).to_be_focused()
    keyboard.send("Input.insertText", {"text": "新"})
    ann.page.clock.run_for(LETTER_MS)
    expect(ann.page.locator("#comment")).to_be_focused()
    expect(ann.page.locator("#comment")).to_have_value("新")
    assert site.state(second) == "claimed"


def test_through_the_queue_by_pointer(site: Site, ann: Reviewer) -> None:
    tasks = [site.ask(f"item {n}", signals={"score": 0.5 - n / 20}) for n in range(3)]

    def click(name: str) -> None:
        ann.look()
        ann.page.get_by_role("button", name=name).click()

    expect(ann.page.locator("#start")).to_be_visible()
    click("Start reviewing")
    ann.at(tasks[0])
    click("Unsure")
    ann.at(tasks[1])
    click("Undo")
    ann.at(tasks[0])
    click("Skip")
    ann.at(tasks[1])
    click("Undo")
    ann.at(tasks[0])
    click("Approve")
    ann.at(tasks[1])
    click("Skip")
    ann.at(tasks[2])
    click("Reject")
    expect(ann.page).to_have_url(re.compile(r"/review\?"))
    assert [site.view(task).task.verdict for task in tasks] == ["approve", None, "reject"]
