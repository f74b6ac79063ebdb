"""A reviewer at work, in a real browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from service.domain.decision import RiskLevel
from tests.browser.conftest import Reviewer
from tests.pages.site import Site


def test_through_the_queue_by_keys(site: Site, ann: Reviewer) -> None:
    tasks = [
        site.ask(f"item {n}", signals={"score": score})
        for n, score in enumerate((0.5, 0.45, 0.4, 0.35))
    ]
    page = ann.page
    expect(page.locator("h1")).to_have_text("4 items wait for you")
    ann.press("n")
    ann.at(tasks[0])
    ann.press("a")
    ann.at(tasks[1])  # by itself
    expect(page.locator("#bar")).to_contain_text("Approved")
    expect(page.locator("#bar")).to_contain_text("item 0")

    ann.press("Backspace")
    ann.at(tasks[0])
    assert site.state(tasks[0]) == "claimed"

    ann.press("c")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("an axe murderer said so")  # every letter a key, and none of them taken
    ann.press("Escape")
    ann.press("x")
    ann.at(tasks[1])
    expect(page.locator("#bar")).to_contain_text("Rejected")
    rejected = site.view(tasks[0]).task.answers[-1]
    assert (rejected.answer, rejected.comment) == ("reject", "an axe murderer said so")

    ann.press("u")
    ann.at(tasks[2])
    expect(page.locator("#bar")).to_contain_text("Passed on to an expert")
    ann.press("s")
    ann.at(tasks[3])
    assert site.state(tasks[2]) == "pending"
    ann.press("a")
    expect(page).to_have_url(re.compile(r"/review\?"))
    expect(page.get_by_role("status")).to_contain_text("Only items that you skipped are left")
    assert [site.state(task) for task in tasks] == ["resolved", "escalated", "pending", "resolved"]


def test_the_bar_follows_the_delivery_by_itself(site: Site, ann: Reviewer) -> None:
    task = site.ask(gate="hooks")
    other = site.ask("another")
    ann.open(task)
    ann.press("a")
    ann.at(other)
    bar = ann.page.locator("#bar")
    expect(bar).to_contain_text("final in a moment")
    expect(bar.locator("button")).to_contain_text(re.compile(r"Undo.*\d s", re.DOTALL))
    site.clock.forward(seconds=6)
    expect(bar).to_contain_text("received by the app")
    expect(bar.locator("button")).to_have_count(0)


def test_a_failed_delivery_is_told_while_one_works_on(site: Site, ann: Reviewer) -> None:
    site.receiver.status = 410
    task = site.ask(gate="hooks")
    other = site.ask("another")
    ann.open(task)
    ann.press("x")
    ann.at(other)
    site.clock.forward(seconds=6)
    bar = ann.page.locator("#bar")
    expect(bar).to_contain_text("could not be delivered. Your verdict stands")
    expect(bar).to_contain_text("The receiver wants no more messages.")
    site.receiver.status = 204


def test_an_empty_queue_fills_by_itself(site: Site, ann: Reviewer) -> None:
    expect(ann.page.locator("h1")).to_have_text("Nothing waits.")
    expect(ann.page).to_have_title("Queue · Confidence Gate")
    task = site.ask("something new")
    expect(ann.page.locator("h1")).to_have_text("1 item waits for you")
    expect(ann.page).to_have_title("(1) Queue · Confidence Gate")
    ann.press("n")
    ann.at(task)


def test_news_that_come_while_the_queue_is_fetched_are_shown(site: Site, ann: Reviewer) -> None:
    expect(ann.page.locator("h1")).to_have_text("Nothing waits.")
    held: list[Route] = []
    ann.page.route("**/review", lambda route: held.append(route), times=1)
    site.ask("first")
    while not held:  # the page hears of it by itself
        ann.page.wait_for_timeout(20)
    old = held[0].fetch()
    site.ask("second")
    ann.page.evaluate("htmx.trigger('#news', 'sse:queue')")
    held[0].fulfill(response=old)
    expect(ann.page.locator("h1")).to_have_text("2 items wait for you")


def test_a_link_takes_nothing(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.page.goto(f"/review/tasks/{task}")
    expect(ann.page.get_by_role("button", name="Take this item")).to_be_visible()
    for key in ("a", "x", "u", "s", "Backspace"):
        ann.press(key)
    assert site.state(task) == "pending"


def test_what_the_text_says_is_only_text(site: Site, ann: Reviewer) -> None:
    text = "</div><script>alert(1)</script><img src=x onerror=alert(2)><a hx-get=/v1/tasks>x"
    task = site.ask(text, ai_result=text)
    ann.open(task)
    expect(ann.page.locator(".item .text")).to_have_text(text)
    expect(ann.page.locator(".is-result")).to_have_text(text)
    assert ann.page.locator("main img, main script, main [hx-get='/v1/tasks']").count() == 0


def test_the_edited_result_goes_on(site: Site, ann: Reviewer) -> None:
    task = site.ask(ai_result={"publish": True})
    ann.open(task)
    ann.press("e")
    field = ann.page.locator("#edited")
    expect(field).to_be_focused()
    field.fill('{"publish": ')
    ann.press("Escape")
    ann.press("a")
    assert field.evaluate("field => field.validationMessage") == "This is not valid JSON."
    assert site.state(task) == "claimed"
    field.fill('{"publish": false}')
    expect(ann.page.get_by_role("button", name="Approve edited")).to_be_visible()
    ann.press("Escape")
    ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.answers[0].edited_result == {"publish": False}


def test_who_was_away_is_told_and_has_the_comment_again(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    ann.page.locator("#comment").fill("half a thought")
    site.clock.forward(minutes=6)
    ann.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(ann.page.locator("#hold")).to_contain_text("You were away")
    assert site.view(task).task.verdict is None
    ann.press("n")
    ann.at(task)
    expect(ann.page.locator("#comment")).to_have_value("half a thought")


def test_an_ended_session_leads_back_to_the_item(site: Site, ann: Reviewer) -> None:
    task = site.ask()
    ann.open(task)
    site.clock.forward(hours=13)
    ann.press("a")
    expect(ann.page.get_by_text("Your session has ended.")).to_be_visible()
    ann.sign_in("ann")
    expect(ann.page).to_have_url(re.compile(f"/review/tasks/{task}"))
    assert site.view(task).task.verdict is None


def test_a_lost_connection_is_told_and_the_answer_can_be_repeated(
    site: Site, ann: Reviewer
) -> None:
    task = site.ask()
    ann.open(task)
    ann.complaints_expected = "htmx:sendError|htmx:afterRequest|htmx:sseError|ERR_INTERNET"
    ann.page.context.set_offline(True)
    ann.press("a")
    expect(ann.page.locator("#offline")).to_be_visible()
    assert site.state(task) == "claimed"
    ann.page.context.set_offline(False)
    ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    expect(ann.page.locator("#offline")).to_be_hidden()
    assert site.state(task) == "resolved"


def test_going_back_shows_how_things_stand_now(site: Site, ann: Reviewer) -> None:
    first, second = site.ask("first"), site.ask("second")
    ann.open(first)
    ann.press("a")
    ann.at(second)
    ann.page.go_back()
    expect(ann.page).to_have_url(re.compile(f"/review/tasks/{first}"))
    expect(ann.page.locator("#hold")).to_contain_text("This item is closed.")


def test_everything_works_without_scripts(site: Site, reviewer: Callable[..., Reviewer]) -> None:
    task = site.ask("first", risk_level=RiskLevel.HIGH)
    other = site.ask("second")
    ann = reviewer(java_script_enabled=False)
    ann.page.goto("/review")
    ann.sign_in("ann")
    ann.page.get_by_role("button", name="Start reviewing").click()
    ann.at(task)
    ann.page.locator("#comment").fill("no scripts here")
    ann.page.get_by_role("button", name="Reject").click()
    ann.at(other)
    expect(ann.page.locator("#bar")).to_contain_text("Rejected")
    ann.page.get_by_role("button", name="Undo").click()
    ann.at(task)
    assert site.state(task) == "claimed"


def test_news_does_not_interrupt_what_is_being_sent(site: Site, ann: Reviewer) -> None:
    first, second = site.ask("first"), site.ask("second")
    held: list[Route] = []
    ann.page.goto("/review")
    ann.page.route("**/review/next", lambda route: held.append(route))
    with ann.page.expect_request("**/review/next"):
        ann.press("n")
    # The button that was pressed stands in what the news would replace.
    ann.page.evaluate("htmx.trigger('#news', 'sse:queue')")
    expect(ann.page.locator("#queue .htmx-request")).to_have_count(1)  # the form's own
    held.pop().continue_()
    ann.at(first)

    ann.page.route("**/answer", lambda route: held.append(route))
    with ann.page.expect_request("**/answer"):
        ann.press("a")
    ann.page.keyboard.press("s")
    ann.page.keyboard.press("x")
    held.pop().continue_()
    ann.at(second)
    expect(ann.page.get_by_role("status")).to_have_count(0)
    assert site.view(first).task.verdict == "approve"
