"""Nothing typed is lost to a session that ends, and nobody else finds it."""

import re

from playwright.sync_api import expect

from service.domain.access import Principal, Scope
from service.domain.ids import TaskId
from tests.browser.conftest import Reviewer
from tests.pages.site import Site


def type_both(ann: Reviewer, task: str) -> None:
    ann.open(task)
    ann.press("e")
    ann.page.keyboard.type("Dear ")
    ann.page.keyboard.press("Escape")
    ann.press("c")
    ann.page.keyboard.type("half a thought")


def test_both_drafts_come_back_after_signing_in_anew(site: Site, ann: Reviewer) -> None:
    task = site.ask(ai_result="customer")
    type_both(ann, task)
    site.clock.forward(hours=13)
    ann.press("Escape")
    ann.press("a")
    expect(ann.page.get_by_text("Your session has ended.")).to_be_visible()
    ann.sign_in("ann")
    ann.press("n")  # its time ran out too
    ann.at(task)
    expect(ann.page.locator("#comment")).to_have_value("half a thought")
    expect(ann.page.locator("#edited")).to_have_value("Dear customer")
    ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    answered = site.view(task).task.answers[-1]
    assert (answered.comment, answered.edited_result) == ("half a thought", "Dear customer")


def test_somebody_else_finds_nothing(site: Site, ann: Reviewer) -> None:
    task = site.ask(ai_result="customer")
    type_both(ann, task)
    site.clock.forward(hours=13)
    ann.page.reload()
    for person in ("ben", "ann"):  # and then it is forgotten for good
        ann.sign_in(person)
        expect(ann.page.locator("header .person")).to_have_text(person)
        ann.page.goto(f"/review/tasks/{task}")
        ann.press("n")
        ann.at(task)
        lease = site.lease(task)
        expect(ann.page.locator("#comment")).to_have_value("")
        expect(ann.page.locator("#edited")).to_have_value("customer")
        who = Principal(name=f"person:{person}", scopes=frozenset({Scope.REVIEW}))
        site.services.review.commands.release(TaskId(task), lease, who)
        ann.page.get_by_role("button", name="Sign out").click()


def test_signing_out_in_one_tab_forgets_what_was_typed_in_all(site: Site, ann: Reviewer) -> None:
    task, other = site.ask(ai_result="customer"), site.ask("other")
    type_both(ann, task)
    second = Reviewer(ann.page.context.new_page(), site)
    second.page.goto("/review")
    second.open(other)
    second.page.locator("#comment").fill("of the second tab")
    second.page.get_by_role("button", name="Sign out").click()
    second.sign_in("ann")
    second.page.goto(f"/review/tasks/{other}")
    expect(second.page.locator("#comment")).to_have_value("")
    ann.page.goto(f"/review/tasks/{task}")
    expect(ann.page.locator("#comment")).to_have_value("")
    expect(ann.page.locator("#edited")).to_have_value("customer")


def test_an_old_form_says_what_happened_and_leads_back_to_what_was_typed(
    site: Site, ann: Reviewer
) -> None:
    task = site.ask(ai_result="customer")
    type_both(ann, task)
    ann.signed_in("ann", to="")  # in another tab
    ann.press("Escape")
    ann.press("a")
    expect(ann.page.locator("h1")).to_have_text("This page is older than your sign-in")
    assert site.state(task) == "claimed"
    ann.page.get_by_role("link", name="Open it again").click()
    ann.at(task)
    expect(ann.page.locator("#comment")).to_have_value("half a thought")
    ann.press("a")
    expect(ann.page).to_have_url(re.compile(r"/review\?after="))
    assert site.view(task).task.answers[-1].comment == "half a thought"
