"""The flow of a reviewer, over real HTTP and without scripts."""

import html
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.domain.access import Principal, Role, Scope
from service.domain.decision import RiskLevel
from service.domain.ids import TaskId
from service.domain.review import Answer
from service.usecases.review.answers import AnswerOrder
from tests.pages.site import KEY, PASSWORD, Browser, Site, task_at

BEN = Principal(name="person:ben", scopes=frozenset({Scope.REVIEW}))
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_the_queue_shows_what_waits_most_urgent_first(site: Site, ann: Browser) -> None:
    site.ask("a low risk", risk_level=RiskLevel.LOW)
    site.ask("a high risk", risk_level=RiskLevel.HIGH, category="health")
    page = ann.get("/review").text
    assert "2 items wait for you" in page
    assert page.index("a high risk") < page.index("a low risk")
    assert "health" in page


def test_the_queue_is_filtered_by_gate(site: Site, ann: Browser) -> None:
    site.ask("of comments")
    site.ask("of hooks", gate="hooks")
    page = ann.get("/review?gate=hooks").text
    assert "of hooks" in page
    assert "of comments" not in page
    assert "1 item waits for you" in page


def test_beginning_takes_the_most_urgent_item(site: Site, ann: Browser) -> None:
    site.ask(risk_level=RiskLevel.LOW)
    urgent = site.ask("look here", risk_level=RiskLevel.HIGH)
    page = ann.post("/review/next")
    assert task_at(page) == urgent
    assert "look here" in page.text
    assert site.state(urgent) == "claimed"


def test_looking_takes_nothing(site: Site, ann: Browser) -> None:
    task = site.ask()
    page = ann.get(f"/review/tasks/{task}")
    assert "Take this item" in page.text
    assert 'value="approve"' not in page.text
    assert site.state(task) == "pending"


def test_an_item_shows_what_the_ai_knows(site: Site, ann: Browser) -> None:
    task = site.ask(
        "the text",
        signals={"score": 0.31},
        ai_result={"publish": True},
        item={"text": "the text", "fields": {"price": "19.90"}},
    )
    page = ann.get(f"/review/tasks/{task}").text
    for shown in ("the text", "19.90", "31% sure", "No suggestion", "up to 10%", "above 90%"):
        assert shown in page
    assert "&#34;publish&#34;: true" in page


def test_an_item_without_a_score_says_so(site: Site, ann: Browser) -> None:
    task = site.ask(signals=None)
    page = ann.get(f"/review/tasks/{task}").text
    assert "No score" in page
    assert "The workflow sent no score" in page
    assert "sure that approving is right" not in page


def test_what_was_sent_is_shown_as_text(site: Site, ann: Browser) -> None:
    task = site.ask(XSS, ai_result=XSS, category=XSS[:60], item={"text": XSS, "fields": {XSS: XSS}})
    page = ann.post(f"/review/tasks/{task}/claim").text + ann.get("/review").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_answer_leads_to_the_next_item_with_a_bar_about_the_last(
    site: Site, ann: Browser
) -> None:
    first, second = site.ask("the first"), site.ask("the second")
    assert task_at(ann.post("/review/next")) == first
    page = ann.answer(first, "approve", comment="fine")
    assert task_at(page) == second
    assert "Approved" in page.text
    assert "Undo" in page.text
    task = site.view(first).task
    assert (task.state, task.answers[0].comment) == ("resolved", "fine")


def test_the_last_answer_leads_to_a_quiet_queue(site: Site, ann: Browser) -> None:
    task = site.ask()
    ann.post("/review/next")
    page = ann.answer(task, "reject")
    assert page.url.path == "/review"
    assert "Nothing waits." in page.text
    assert "Rejected" in page.text


def test_a_verdict_is_taken_back_within_its_window(site: Site, ann: Browser) -> None:
    task, other = site.ask(), site.ask("another")
    ann.post("/review/next")
    ann.answer(task, "approve")
    site.clock.forward(seconds=4)
    page = ann.post(f"/review/tasks/{task}/undo")
    assert task_at(page) == task
    assert 'value="approve"' in page.text
    page = ann.answer(task, "reject")
    assert task_at(page) == other, "the item that was open before comes back"
    assert site.view(task).task.verdict == "reject"


def test_after_its_window_a_verdict_stays(site: Site, ann: Browser) -> None:
    task = site.ask()
    other = site.ask("another")
    ann.post("/review/next")
    ann.answer(task, "approve")
    site.clock.forward(seconds=5)
    page = ann.post(f"/review/tasks/{task}/undo", back=f"/review/tasks/{other}?after={task}")
    assert task_at(page) == other
    assert "Too late" in page.text
    assert "Undo" not in page.text
    assert site.state(task) == "resolved"


def test_unsure_passes_on_to_an_expert(site: Site, someone: Callable[..., Browser]) -> None:
    ann, ben, eve = someone("ann"), someone("ben"), someone("eve")
    task = site.ask()
    ann.post("/review/next")
    page = ann.answer(task, "unsure", comment="Is this irony?")
    assert "Passed on to an expert" in page.text
    assert site.state(task) == "escalated"
    assert "1 more waits for an expert" in ben.get("/review").text
    assert "waits for an expert" in ben.get(f"/review/tasks/{task}").text
    assert ben.post(f"/review/tasks/{task}/claim").status_code == 403
    page = eve.post("/review/next")
    assert task_at(page) == task
    assert "Is this irony?" in page.text
    assert "ann was unsure" in page.text


def test_skipping_shows_every_other_item_first(site: Site, ann: Browser) -> None:
    tasks = [site.ask(risk_level=risk) for risk in (RiskLevel.HIGH, RiskLevel.MEDIUM)]
    first = task_at(ann.post("/review/next"))
    assert first == tasks[0]
    second = task_at(ann.post(f"/review/tasks/{first}/release", lease=site.lease(tasks[0])))
    assert second == tasks[1]
    page = ann.post(f"/review/tasks/{second}/release", lease=site.lease(tasks[1]))
    assert page.url.path == "/review"
    assert "Only items that you skipped are left" in page.text
    assert [site.state(task) for task in tasks] == ["pending", "pending"]
    assert task_at(ann.post("/review/next")) == first, "a fresh start forgets what was skipped"


def test_an_item_is_given_back_from_the_queue(site: Site, ann: Browser) -> None:
    task = site.ask()
    ann.post("/review/next")
    page = ann.get("/review")
    assert "In your hands" in page.text
    page = ann.post(f"/review/tasks/{task}/release", lease=site.lease(task), then="queue")
    assert page.url.path == "/review"
    assert site.state(task) == "pending"


def test_a_lapsed_lease_is_told_calmly_and_the_item_can_be_taken_again(
    site: Site, ann: Browser
) -> None:
    task = site.ask()
    ann.post("/review/next")
    lease = site.lease(task)
    site.clock.forward(minutes=6)
    page = ann.post(f"/review/tasks/{task}/answer", answer="approve", lease=lease)
    assert task_at(page) == task
    assert "Your answer was not saved" in page.text
    assert "Take this item" in page.text
    assert site.view(task).task.verdict is None
    assert 'value="approve"' in ann.post(f"/review/tasks/{task}/claim").text


def test_the_heartbeat_keeps_the_item(site: Site, ann: Browser) -> None:
    task = site.ask()
    ann.post("/review/next")
    lease = site.lease(task)
    for _ in range(3):
        site.clock.forward(minutes=4)
        assert ann.post(f"/review/tasks/{task}/renew", lease=lease).status_code == 204
    assert ann.answer(task, "approve").status_code == 200
    assert site.view(task).task.verdict == "approve"


def test_a_heartbeat_too_late_says_where_the_item_is(
    site: Site, someone: Callable[..., Browser]
) -> None:
    ann, ben = someone("ann"), someone("ben")
    task = site.ask()
    ann.post("/review/next")
    lease = site.lease(task)
    site.clock.forward(minutes=6)
    lost = ann.post(f"/review/tasks/{task}/renew", lease=lease)
    assert lost.status_code == 200
    assert "You were away" in lost.text
    assert "Take this item" in lost.text
    ben.post(f"/review/tasks/{task}/claim")
    lost = ann.post(f"/review/tasks/{task}/renew", lease=lease)
    assert "ben is reviewing this item" in lost.text


def test_the_faster_reviewer_has_the_item(site: Site, someone: Callable[..., Browser]) -> None:
    ann, ben = someone("ann"), someone("ben")
    task = site.ask()
    ben.post(f"/review/tasks/{task}/claim")
    page = ann.post(f"/review/tasks/{task}/claim")
    assert "Somebody else was faster" in page.text
    assert "ben is reviewing this item" in page.text
    stolen = ann.post(f"/review/tasks/{task}/answer", answer="approve", lease=site.lease(task))
    assert "Your answer was not saved" in stolen.text
    assert site.state(task) == "claimed"


def test_who_may_only_look_only_looks(site: Site, someone: Callable[..., Browser]) -> None:
    ida = someone("ida")
    task = site.ask()
    assert "You may look, but not review." in ida.get("/review").text
    assert "Take this item" not in ida.get(f"/review/tasks/{task}").text
    assert ida.post(f"/review/tasks/{task}/claim").status_code == 403
    assert ida.post("/review/next").status_code == 403
    assert site.state(task) == "pending"


@pytest.mark.parametrize(
    ("original", "typed", "stored"),
    [
        ("Dear customer", "Dear customer", None),
        ("two\nlines", "two\r\nlines", None),
        ("Dear customer", "Dear\r\nMr Lin", "Dear\nMr Lin"),
        ({"publish": True}, '{"publish": false}', {"publish": False}),
        ({"publish": True}, '{"publish": true}', None),
        ([1, 2], "[1,\r\n 2]", [1, 2]),
    ],
)
def test_approving_sends_the_edited_result(
    site: Site, ann: Browser, original: object, typed: str, stored: object
) -> None:
    task = site.ask(ai_result=original)
    ann.post("/review/next")
    assert ann.answer(task, "approve", edited=typed).status_code == 200
    assert site.view(task).task.answers[0].edited_result == stored


def test_a_result_survives_its_way_through_the_page(site: Site, ann: Browser) -> None:
    """A line break at the beginning, which a textarea would swallow, is not an edit."""
    task = site.ask(ai_result="\nfirst line is empty")
    page = ann.post("/review/next").text
    assert '">\n\nfirst line is empty</textarea>' in page
    ann.answer(task, "approve", edited="\r\nfirst line is empty")
    assert site.view(task).task.answers[0].edited_result is None


def test_rejecting_sends_no_edit(site: Site, ann: Browser) -> None:
    task = site.ask(ai_result="Dear customer")
    ann.post("/review/next")
    ann.answer(task, "reject", edited="Something else")
    assert site.view(task).task.answers[0].edited_result is None


@pytest.mark.parametrize(
    ("original", "typed"),
    [
        ("Dear customer", "   "),
        ({"publish": True}, "{publish: false}"),
        ({"publish": True}, "null"),
        ({"publish": True}, "NaN"),
        ({"publish": True}, '{"publish": false, "publish": true}'),
        ({"publish": True}, "[" * 100_000),
        ("Dear customer", "a\0b"),
    ],
)
def test_an_edit_that_cannot_be_used_approves_nothing(
    site: Site, ann: Browser, original: object, typed: str
) -> None:
    task = site.ask(ai_result=original)
    ann.post("/review/next")
    page = ann.answer(task, "approve", edited=typed)
    assert page.status_code == 422
    assert "That could not be used" in page.text
    assert site.state(task) == "claimed"


@pytest.mark.parametrize("answer", ["", "maybe", "APPROVE", "auto_approve"])
def test_what_is_no_answer_decides_nothing(site: Site, ann: Browser, answer: str) -> None:
    task = site.ask()
    ann.post("/review/next")
    assert ann.answer(task, answer).status_code == 422
    assert site.state(task) == "claimed"


def test_a_comment_too_long_decides_nothing(site: Site, ann: Browser) -> None:
    task = site.ask()
    ann.post("/review/next")
    assert ann.answer(task, "reject", comment="x" * 10_001).status_code == 422
    assert site.state(task) == "claimed"


def test_the_queue_tells_what_one_decided_lately(site: Site, ann: Browser) -> None:
    task = site.ask("my lately decided item")
    ann.post("/review/next")
    ann.answer(task, "approve")
    page = ann.get("/review").text
    assert "Lately decided by you" in page
    assert "my lately decided item" in page
    assert f"/review/tasks/{task}/undo" in page


def test_nobody_else_s_gates_are_shown(site: Site) -> None:
    task = site.ask("of a gate that kim does not see")
    site.services.access.doorkeeper.create_person(
        "kim", PASSWORD, Role.REVIEWER, frozenset({"hooks"}), actor="test"
    )
    kim = Browser(site)
    assert "of a gate that kim" not in kim.sign_in("kim").text
    assert kim.get(f"/review/tasks/{task}").status_code == 404
    assert kim.post(f"/review/tasks/{task}/claim").status_code == 404
    assert kim.post("/review/next", gate="comments").status_code == 404
    assert kim.post("/review/next").url.path == "/review"


UNREADABLE: dict[str, Any] = {"signals": None, "signals_unreadable": "{'score': <b>ninety</b>"}


def test_what_came_in_the_place_of_signals_is_shown(site: Site, ann: Browser) -> None:
    page = ann.get(f"/review/tasks/{site.ask(**UNREADABLE)}").text
    assert "cannot be read with certainty" in page
    assert "{&#39;score&#39;: &lt;b&gt;ninety&lt;/b&gt;" in page


def test_a_gate_that_asks_blindly_keeps_it_back(site: Site, ann: Browser) -> None:
    task = site.ask(gate="earning", **UNREADABLE)
    assert "ninety" not in ann.get(f"/review/tasks/{task}").text
    shown = httpx.get(
        f"{site.url}/v1/tasks/{task}", headers={"Authorization": f"Bearer {KEY}"}
    ).json()
    assert (shown["reason"], shown["signals_unreadable"]) == ("hidden", None)


def test_an_item_without_a_text_says_so_and_can_be_answered(site: Site, ann: Browser) -> None:
    task = site.ask("", text_missing=True)
    page = ann.post("/review/next")
    assert task_at(page) == task
    assert "This item has no text." in page.text
    assert "there is nothing to judge" in page.text
    ann.answer(task, "reject")
    assert site.state(task) == "resolved"


def test_unsure_and_skip_are_taken_back_like_a_verdict(
    site: Site, someone: Callable[..., Browser]
) -> None:
    ann, eve = someone("ann"), someone("eve")
    first, second = site.ask("first"), site.ask("second")
    ann.post("/review/next")
    page = ann.answer(first, "unsure")
    assert f"/review/tasks/{first}/undo" in page.text
    assert task_at(ann.post(f"/review/tasks/{first}/undo")) == first
    assert site.view(first).task.answers == ()
    page = ann.post(f"/review/tasks/{first}/release", lease=site.lease(first))
    assert task_at(page) == second
    assert "Skipped" in page.text
    assert task_at(ann.post(f"/review/tasks/{first}/undo")) == first
    assert site.state(first) == "claimed"

    ann.answer(first, "unsure")
    eve.post(f"/review/tasks/{first}/claim")
    assert "Too late" in ann.post(f"/review/tasks/{first}/undo").text
    ann.post(f"/review/tasks/{second}/release", lease=site.lease(second))
    someone("ben").post(f"/review/tasks/{second}/claim")
    assert "Somebody else was faster" in ann.post(f"/review/tasks/{second}/undo").text
    assert [site.state(first), site.state(second)] == ["claimed", "claimed"]


@pytest.mark.parametrize("what", ["approve", "unsure", "skip"])
def test_undo_keeps_the_filter_by_gate(site: Site, ann: Browser, what: str) -> None:
    task, _ = site.ask("of hooks", gate="hooks"), site.ask("more", gate="hooks")
    site.ask("of comments", risk_level=RiskLevel.HIGH)
    ann.post("/review/next", gate="hooks")
    if what == "skip":
        form = {"lease": site.lease(task), "gate": "hooks"}
        page = ann.post(f"/review/tasks/{task}/release", **form)
    else:
        page = ann.answer(task, what, gate="hooks")
    back = re.search(r'name="back" value="([^"]+)"', page.text)
    assert back
    page = ann.post(f"/review/tasks/{task}/undo", back=html.unescape(back[1]))
    assert page.url.params["gate"] == "hooks"
    assert "of comments" not in ann.answer(task, "reject", gate=page.url.params["gate"]).text


def test_of_many_the_soonest_due_are_listed(site: Site, ann: Browser) -> None:
    for n in range(20):
        site.ask(f"early {n:02}.")
        site.clock.forward(seconds=60)
    for n in range(120):
        site.ask(f"late {n:03}.")
    page = ann.get("/review").text
    assert "The 100 most urgent of 140." in page
    listed = re.findall(r"early \d\d\.|late \d\d\d\.", page.partition('class="list"')[2])
    assert listed[:20] == [f"early {n:02}." for n in range(20)]
    assert "early 00." in ann.post("/review/next").text


def test_experts_see_and_get_escalated_items_first(
    site: Site, someone: Callable[..., Browser]
) -> None:
    hard = site.ask("a hard one", risk_level=RiskLevel.LOW)
    someone("ann").post(f"/review/tasks/{hard}/claim")
    site.services.review.commands.answer(
        AnswerOrder(task_id=TaskId(hard), lease_token=site.lease(hard), answer=Answer.UNSURE),
        Principal(name="person:ann", scopes=frozenset({Scope.REVIEW})),
    )
    site.ask("a risky one", risk_level=RiskLevel.HIGH)
    eve, ben = someone("eve").get("/review").text, someone("ben").get("/review").text
    assert eve.index("a hard one") < eve.index("a risky one")
    assert ben.index("a risky one") < ben.index("a hard one")
    assert task_at(someone("eve").post("/review/next")) == hard


def test_lately_decided_is_ones_own(site: Site, someone: Callable[..., Browser]) -> None:
    ann, ben = someone("ann"), someone("ben")
    mine = site.ask("decided by ann")
    ann.post(f"/review/tasks/{mine}/claim")
    ann.answer(mine, "reject")
    for n in range(110):
        task = site.ask(f"of ben {n}")
        view = site.services.review.commands.claim_one(TaskId(task), BEN)
        assert view.task.lease
        site.services.review.commands.answer(
            AnswerOrder(
                task_id=TaskId(task), lease_token=view.task.lease.token, answer=Answer.APPROVE
            ),
            BEN,
        )
    assert "decided by ann" in ann.get("/review").text
    assert "decided by ann" not in ben.get("/review").text
