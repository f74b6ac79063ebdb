"""How good reviewers are: for managers' eyes; and each who is asked judges alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import numpy as np
import pytest

from service.domain.access import Scope
from service.domain.ids import GateName
from service.domain.review import Answer, GivenAnswer, TaskState
from tests.examples import a_decision, a_task
from tests.pages.site import KEY, Browser, Site, serving, signed_in

ACCURACY = {"person:ann": 0.97, "person:ben": 0.9, "person:kim": 0.6}


def compare(site: Site, gate: str, items: int) -> None:
    """So many items of the gate, answered by all three."""
    lot = np.random.default_rng(3)
    now = site.clock.now()
    decisions = [a_decision(gate=GateName(gate), created_at=now) for _ in range(items)]
    tasks = []
    for decision in decisions:
        truth = bool(lot.random() < 0.5)
        answers = tuple(
            GivenAnswer(
                reviewer=name,
                answer=Answer.APPROVE if truth == (lot.random() < right) else Answer.REJECT,
                comment="",
                edited_result=None,
                at=now,
            )
            for name, right in ACCURACY.items()
        )
        tasks.append(a_task(decision, answers=answers, state=TaskState.RESOLVED))
    with site.store.transaction() as tx:
        tx.decisions.add(decisions)
        tx.tasks.add(tasks)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A house of its own: its reviewers have a past."""
    with serving(tmp_path_factory.mktemp("reviewers")) as site:
        compare(site, "comments", 300)
        yield site


def told(site: Site, gate: str, key: str = KEY) -> httpx.Response:
    return httpx.get(
        f"{site.url}/v1/gates/{gate}/reviewers", headers={"Authorization": f"Bearer {key}"}
    )


def test_managers_are_told(site: Site) -> None:
    found = told(site, "comments").json()
    by_name = {one["name"]: one for one in found["reviewers"]}
    assert found["items"] == 300
    assert 0 < found["alpha"] < 1
    assert "agree" in found["in_words"]["en"]
    assert "一致" in found["in_words"]["zh-Hans"]
    for name, right in ACCURACY.items():
        one = by_name[name]
        assert one["low"] <= one["accuracy"] <= one["high"]
        assert one["accuracy"] == pytest.approx(right, abs=0.08)
        assert one["answers"] == 300
    assert told(site, "hooks").json() == {
        "items": 0,
        "alpha": None,
        "in_words": {},
        "reviewers": [],
    }


def test_nobody_else_is(site: Site, someone: Callable[..., Browser]) -> None:
    secret = "cg_key_that_reads_and_reviews"
    scopes = frozenset({Scope.READ, Scope.REVIEW, Scope.DECIDE})
    site.services.access.doorkeeper.create_key("looks", scopes, None, secret=secret, actor="test")
    assert told(site, "comments", secret).status_code == httpx.codes.FORBIDDEN
    assert told(site, "gone").status_code == httpx.codes.NOT_FOUND
    page = someone("ida").get("/gates/comments")
    assert page.status_code == httpx.codes.OK
    assert 'id="reviewers"' not in page.text
    assert someone("ann").get("/gates/comments").status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Right, by the consensus"), ("zh-CN", "按共识正确")]
)
def test_the_page_says_it_in_words(
    someone: Callable[..., Browser], language: str, words: str
) -> None:
    page = someone("max", **{"Accept-Language": language}).get("/gates/comments").text
    assert words in page
    assert 'id="reviewers"' in page
    assert "kim" in page


def test_who_is_asked_second_does_not_see_what_the_first_said(elsewhere: Site) -> None:
    site, ann, ben = elsewhere, signed_in(elsewhere, "ann"), signed_in(elsewhere, "ben")
    gates = site.services.gates.policies
    policy = gates.of("comments")
    gates.adopt([replace(policy, review=replace(policy.review, quorum=2))], site.clock.now())
    task = site.ask()
    ann.post(f"/review/tasks/{task}/claim")
    ann.answer(task, "approve", comment="the first word")
    assert site.state(task) == "pending"
    assert "the first word" not in ben.get(f"/review/tasks/{task}").text
    ben.post(f"/review/tasks/{task}/claim")
    assert "the first word" not in ben.get(f"/review/tasks/{task}").text
    ben.answer(task, "approve")
    site.clock.forward(seconds=60)
    assert site.state(task) == "resolved"
    assert "the first word" in ben.get(f"/review/tasks/{task}").text
