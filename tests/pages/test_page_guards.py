"""What holds for every page at once: forms are ours, looking changes nothing, nothing leaks out."""

import re
from collections.abc import Callable

import httpx
import pytest
from fastapi.routing import APIRoute

from service.web.pages import PARTS
from service.web.pages.rendering import STATIC, safe_path, static_url
from tests.pages.site import ALL, Browser, Site

ROUTES = [route for part in PARTS for route in part.routes if isinstance(route, APIRoute)]
POSTS = [route.path for route in ROUTES if "POST" in (route.methods or ())]
GETS = [
    route.path for route in ROUTES if "GET" in (route.methods or ()) and "events" not in route.path
]
FORM = {
    "answer": "approve",
    "lease": "",
    "name": "ann",
    "password": "correct horse",
    "language": "en",
}


def test_the_routes_are_known() -> None:
    assert len(POSTS) >= 9
    assert len(GETS) >= 5


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("csrf", ["", "made-up", "表"])
def test_a_form_without_our_token_does_nothing(
    site: Site, ann: Browser, path: str, csrf: str
) -> None:
    task = site.ask()
    ann.post(f"/review/tasks/{task}/claim")
    before = site.view(task)
    form = {**FORM, "lease": site.lease(task)}
    answer = ann.http.post(
        path.format(task_id=task, gate="comments", version=1), data={**form, "csrf": csrf}
    )
    assert answer.status_code == 403
    assert site.view(task) == before
    assert ann.get("/review").url.path == "/review", "still signed in"


@pytest.mark.parametrize("path", POSTS)
def test_a_form_of_another_session_does_nothing(
    site: Site, someone: Callable[..., Browser], path: str
) -> None:
    ann, ben = someone("ann"), someone("ben")
    task = site.ask()
    ann.post(f"/review/tasks/{task}/claim")
    before = site.view(task)
    form = {**FORM, "lease": site.lease(task), "csrf": ben.csrf}
    assert (
        ann.http.post(path.format(task_id=task, gate="comments", version=1), data=form).status_code
        == 403
    )
    assert site.view(task) == before


@pytest.mark.parametrize("path", POSTS)
def test_a_form_of_a_stranger_does_nothing(site: Site, path: str) -> None:
    task = site.ask()
    before = site.view(task)
    stranger = Browser(site)
    stranger.http.post(
        path.format(task_id=task, gate="comments", version=1), data={**FORM, "csrf": ""}
    )
    assert site.view(task) == before


def test_looking_changes_nothing(site: Site, ann: Browser) -> None:
    """Whoever opens links, a scanner of mails included, claims and decides nothing."""
    waiting, held, decided = site.ask("one"), site.ask("two"), site.ask("three", gate="hooks")
    ann.post(f"/review/tasks/{decided}/claim")
    ann.answer(decided, "approve")
    ann.post(f"/review/tasks/{held}/claim")
    tasks = (waiting, held, decided)
    before = [site.view(task) for task in tasks], site.services.review.queries.waiting(ALL)
    for path in GETS:
        for task in tasks:
            for method in ("GET", "HEAD"):
                address = (
                    path.format(task_id=task, gate="comments", version=1)
                    + "?answer=approve&csrf="
                    + ann.csrf
                )
                assert ann.http.request(method, address).status_code in (200, 403, 405)
    assert before == (
        [site.view(task) for task in tasks],
        site.services.review.queries.waiting(ALL),
    )


@pytest.mark.parametrize("path", sorted({*GETS} - {"/sign-in"}))
def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page(site: Site, path: str) -> None:
    address = path.format(task_id=site.ask(), gate="comments", version=1)
    page = Browser(site).get(address)
    assert (page.url.path, page.url.params["next"]) == ("/sign-in", address)
    assert safe_path(address) == address


@pytest.mark.parametrize("path", ["/sign-in", "/review", "/review/tasks/nope", "/gates/comments"])
def test_pages_keep_to_themselves(ann: Browser, path: str) -> None:
    headers = ann.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_nothing_is_asked_of_another_host(site: Site, ann: Browser) -> None:
    task = site.ask("no link here")
    ann.post("/review/next")
    page = ann.get(f"/review/tasks/{task}").text
    assert not re.findall(r'(?:src|href|action)="(?!/)', page.replace('href="#main"', ""))
    assert not re.search(r"<style|style=|<script(?! src=\"/static/)|\son\w+=", page)


def test_assets_are_kept_by_their_digest(ann: Browser) -> None:
    kept = ann.get(static_url("pages.css"))
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert ann.get("/static/pages.css").headers["cache-control"] == "no-cache"
    assert ann.get("/static/../pages/task.py").status_code == 404


def test_what_is_vendored_comes_with_its_licence() -> None:
    told = (STATIC / "vendor/README.md").read_text(encoding="utf-8")
    for script in (STATIC / "vendor").glob("*.js"):
        line = next(line for line in told.splitlines() if script.name in line)
        licence = re.findall(r"`(LICENSE[\w-]*)`", line)[0]
        assert (STATIC / "vendor" / licence).is_file()


def test_a_browser_that_is_lost_gets_a_page_and_a_program_a_problem(
    site: Site, ann: Browser
) -> None:
    page = ann.get("/no/such/page")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    problem = httpx.get(f"{site.url}/no/such/page")
    assert problem.headers["content-type"] == "application/problem+json"


def test_an_error_page_speaks_chinese_too(someone: Callable[..., Browser]) -> None:
    page = someone("ann", **{"Accept-Language": "zh-CN"}).get("/review/tasks/tsk_nope")
    assert page.status_code == 404
    assert "这里什么也没有" in page.text
    assert '<html lang="zh-Hans">' in page.text


def test_a_crash_is_a_calm_page(site: Site, ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a detail that nobody should read")

    monkeypatch.setattr(site.services.review.queries, "waiting", crash)
    page = ann.get("/review")
    assert page.status_code == 500
    assert "Something broke on our side" in page.text
    assert "a detail that nobody" not in page.text
