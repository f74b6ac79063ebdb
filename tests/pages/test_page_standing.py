"""Where an answered item stands is told honestly, and live."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.domain.access import Principal, Scope
from service.domain.decision import Resume, ResumeMode
from service.domain.delivery import DeliveryState
from service.domain.review import Answer, GivenAnswer, TaskState
from service.usecases.review.views import TaskView
from service.web.pages.standing import Step, standing_of
from tests.examples import NOW, a_decision, a_delivery, a_task
from tests.pages.site import Browser, Site

ANN = Principal(name="person:ann", scopes=frozenset({Scope.REVIEW}))
SECOND = timedelta(seconds=1)


def said(answer: Answer, by: str = ANN.name) -> GivenAnswer:
    return GivenAnswer(reviewer=by, answer=answer, comment="", edited_result=None, at=NOW)


def decided(mode: ResumeMode = ResumeMode.NATIVE_FORM, **delivery: Any) -> TaskView:
    """An item that Ann approved, whose undo window ends in five seconds."""
    decision = a_decision(resume=Resume(mode=mode, app="app"))
    task = a_task(
        decision,
        state=TaskState.RESOLVED,
        answers=(said(Answer.APPROVE),),
        resolved_at=NOW,
        settles_at=NOW + 5 * SECOND,
    )
    return TaskView(
        task=task,
        decision=decision,
        delivery=a_delivery(task, mode=mode, **delivery) if delivery else None,
    )


PENDING, DEAD = DeliveryState.PENDING, DeliveryState.DEAD


@pytest.mark.parametrize(
    ("view", "step", "may_change"),
    [
        (decided(state=PENDING), Step.SENDING, True),
        (decided(state=PENDING, submitted_at=NOW), Step.SENT, True),
        (decided(state=PENDING, reason="busy: later"), Step.RETRYING, True),
        (decided(state=PENDING, reason="x", submitted_at=NOW), Step.RETRYING, True),
        (decided(state=DeliveryState.DELIVERED), Step.RESUMED, False),
        (decided(ResumeMode.WEBHOOK, state=DeliveryState.DELIVERED), Step.RECEIVED, False),
        (decided(ResumeMode.CONTINUATION, state=DeliveryState.DELIVERED), Step.RESUMED, False),
        (decided(state=DEAD, reason="lost: x"), Step.FAILED, False),
        (decided(ResumeMode.HOLD), Step.ASKED_FOR, False),
        (decided(ResumeMode.NONE), Step.RECORDED, False),
    ],
)
def test_each_state_of_a_delivery_is_told_for_what_it_is(
    view: TaskView, step: Step, may_change: bool
) -> None:
    within = standing_of(view, ANN, NOW + 4 * SECOND)
    assert (within.step, within.undo_left, within.may_change) == (Step.UNDOABLE, SECOND, True)
    after = standing_of(view, ANN, NOW + 5 * SECOND)
    assert (after.step, after.undo_left, after.may_change) == (step, None, may_change)


def test_nobody_else_is_offered_the_undo() -> None:
    ben = Principal(name="person:ben", scopes=frozenset({Scope.REVIEW}))
    assert standing_of(decided(), ben, NOW).undo_left is None


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"state": TaskState.ESCALATED, "answers": (said(Answer.UNSURE),)}, Step.ESCALATED),
        ({"state": TaskState.PENDING, "answers": (said(Answer.APPROVE),)}, Step.SECOND_NEEDED),
        (
            {
                "state": TaskState.CLAIMED,
                "claimed_from": TaskState.ESCALATED,
                "answers": (said(Answer.UNSURE),),
            },
            Step.ESCALATED,
        ),
        ({"state": TaskState.CLAIMED}, Step.REOPENED),
        ({"state": TaskState.EXPIRED}, Step.EXPIRED),
        ({"state": TaskState.CANCELLED}, Step.CANCELLED),
    ],
)
def test_an_item_without_a_verdict_is_told_too(changes: dict[str, Any], step: Step) -> None:
    decision = a_decision()
    view = TaskView(task=a_task(decision, **changes), decision=decision)
    assert standing_of(view, ANN, NOW).step is step


@contextmanager
def listening(browser: Browser) -> Iterator[Callable[[str], None]]:
    """An open stream of events, and how to wait for one of a kind."""
    with browser.http.stream("GET", "/review/events", timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()

        def until(kind: str) -> None:
            for line in lines:
                if line == f"event: {kind}":
                    return
            pytest.fail(f"the stream ended without {kind}")

        until("delivery")  # the first look, at once
        yield until


def standing(browser: Browser, task: str) -> str:
    return browser.get(f"/review/tasks/{task}/standing").text


def test_an_item_that_arrives_is_news(site: Site, ann: Browser) -> None:
    with listening(ann) as until:
        site.ask()
        until("queue")


def test_a_delivery_is_followed_to_its_end(site: Site, ann: Browser) -> None:
    task = site.ask(gate="hooks", resume={"mode": "webhook"})
    ann.post("/review/next")
    ann.answer(task, "approve")
    assert "final in a moment" in standing(ann, task)
    with listening(ann) as until:
        site.clock.forward(seconds=6)
        until("delivery")
    page = standing(ann, task)
    assert "received by the app" in page
    assert "Undo" not in page


def test_a_delivery_that_fails_says_why_and_what_comes_next(site: Site, ann: Browser) -> None:
    site.receiver.status = 503
    task = site.ask(gate="hooks")
    ann.post("/review/next")
    ann.answer(task, "reject")
    with listening(ann) as until:
        site.clock.forward(seconds=6)
        until("delivery")
    page = standing(ann, task)
    assert "not delivered yet, next try in 5 s (1 of 10 tries)" in page
    assert "The receiver did not accept the message." in page
    site.receiver.status = 410
    with listening(ann) as until:
        site.clock.forward(seconds=6)
        until("delivery")
    page = standing(ann, task)
    assert "could not be delivered. Your verdict stands" in page
    assert "The receiver wants no more messages." in page
    assert site.view(task).task.verdict == "reject"
    site.receiver.status = 204


def test_the_stream_ends_with_the_session(
    site: Site, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.pages.events.PING_SECONDS", 0.05)
    with ann.http.stream("GET", "/review/events", timeout=20) as stream:
        lines = stream.iter_lines()
        next(lines)
        elsewhere = httpx.Client(base_url=site.url, cookies=ann.http.cookies)
        elsewhere.post("/sign-out", data={"csrf": ann.csrf})
        for _ in lines:  # ends by itself, or the time-out above fails the test
            pass
    assert ann.get("/review/events").status_code == 401
