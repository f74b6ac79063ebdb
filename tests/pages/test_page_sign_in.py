"""Signing in tells no secrets, is slow to guess, and cannot be done from elsewhere."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.web.pages.attempts import MOST_FAILURES
from tests.pages.site import PASSWORD, Browser, Site, csrf_in, serving


def test_nothing_is_shown_to_strangers(site: Site) -> None:
    task = site.ask("a secret text")
    stranger = Browser(site)
    for path in ("/", "/review", f"/review/tasks/{task}", f"/review/tasks/{task}/standing"):
        page = stranger.get(path)
        assert page.url.path == "/sign-in"
        assert "a secret text" not in page.text
    assert stranger.get("/review/events").status_code == 401


def test_signing_in_leads_back_to_the_item(site: Site) -> None:
    task = site.ask()
    browser = Browser(site)
    page = browser.get(f"/review/tasks/{task}?gate=comments")
    assert page.url.params["next"] == f"/review/tasks/{task}?gate=comments"
    page = browser.sign_in("ann", onward=page.url.params["next"])
    assert page.url.path == f"/review/tasks/{task}"


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/v1/tasks", "javascript:0"],
)
def test_signing_in_leads_nowhere_else(site: Site, onward: str) -> None:
    page = Browser(site).sign_in("ann", onward=onward)
    assert page.url.path == "/review"
    assert str(page.url).startswith(site.url)


def test_a_failure_does_not_say_which_part_was_wrong(site: Site) -> None:
    wrong_password = Browser(site).sign_in("ben", "wrong")
    nobody = Browser(site).sign_in("nobody", "wrong")
    assert wrong_password.status_code == nobody.status_code == 401

    def told(page: httpx.Response, name: str) -> str:
        return page.text.replace(csrf_in(page), "").replace(f'value="{name}"', "")

    assert told(wrong_password, "ben") == told(nobody, "nobody")
    assert "The name or the password is not right." in nobody.text


def test_a_guesser_must_wait_and_others_need_not(site: Site) -> None:
    for _ in range(MOST_FAILURES):
        assert Browser(site).sign_in("max", "guess").status_code == 401
    blocked = Browser(site).sign_in("max")
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0
    assert Browser(site).sign_in("eve").status_code == 200
    site.clock.forward(minutes=6)
    assert Browser(site).sign_in("max").status_code == 200


def test_a_form_from_elsewhere_signs_nobody_in(site: Site) -> None:
    browser = Browser(site)
    browser.get("/sign-in")
    browser.csrf = "made up"
    page = browser.post("/sign-in", name="ann", password="correct horse")
    assert page.status_code == 403
    assert browser.get("/review").url.path == "/sign-in"


def test_signing_out_ends_the_session(site: Site) -> None:
    browser = Browser(site)
    browser.sign_in("ann")
    token = browser.http.cookies["gate-session"]
    assert browser.post("/sign-out").url.path == "/sign-in"
    browser.http.cookies.set("gate-session", token)
    assert browser.get("/review").url.path == "/sign-in"


def test_a_session_that_ended_is_told_and_leads_back(site: Site) -> None:
    task = site.ask()
    browser = Browser(site)
    browser.sign_in("ann")
    site.clock.forward(hours=13)
    page = browser.get(f"/review/tasks/{task}")
    assert "Your session has ended" in page.text
    assert f'name="next" value="/review/tasks/{task}"' in page.text


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(site: Site) -> None:
    browser = Browser(site)
    browser.sign_in("ann")
    site.clock.forward(hours=13)
    answer = browser.http.post(
        "/review/next",
        data={"csrf": browser.csrf},
        headers={"HX-Request": "true", "HX-Current-URL": f"{site.url}/review?gate=comments"},
    )
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Freview%3Fgate%3Dcomments&ended=1"


def test_the_session_cookie_is_out_of_reach(site: Site) -> None:
    browser = Browser(site)
    browser.http.follow_redirects = False
    browser.csrf = csrf_in(browser.get("/sign-in"))
    cookie = browser.post("/sign-in", name="ann", password="correct horse").headers["set-cookie"]
    session = cookie.split(", gate-sign-in")[0].lower()
    assert session.startswith("gate-session=")
    assert "httponly" in session
    assert "samesite=lax" in session
    assert "path=/" in session


def test_behind_https_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    with serving(tmp_path, public_url="https://gate.example") as site:
        cookie = Browser(site).get("/sign-in").headers["set-cookie"].lower()
    assert cookie.startswith("__host-gate-sign-in=")
    assert "secure" in cookie
    assert "domain" not in cookie


def test_a_disabled_person_is_out_at_once(site: Site, someone: Callable[..., Browser]) -> None:
    ida = someone("ida")
    assert ida.get("/review").url.path == "/review"
    site.services.access.doorkeeper.disable_person("ida", actor="test")
    assert ida.get("/review").url.path == "/sign-in"


def test_a_strange_name_is_no_crash(site: Site) -> None:
    assert Browser(site).sign_in("a\0b").status_code == 422
    assert Browser(site).sign_in("名" * 129).status_code == 422


HTTPS = "https://gate.example"


def test_plain_http_is_told_why_signing_in_cannot_work(tmp_path: Path) -> None:
    with serving(tmp_path, public_url=HTTPS) as site:
        browser = Browser(site)
        page = browser.get("/sign-in")
        assert "came by plain http" in page.text
        assert f'href="{HTTPS}"' in page.text
        assert "GATE_PUBLIC_URL" in page.text
        # By the public address a proxy may have left out that it was https: the cookie tells.
        for headers in ({"X-Forwarded-Proto": "https"}, {"Host": "gate.example"}):
            assert "plain http" not in browser.http.get("/sign-in", headers=headers).text
        browser.http.cookies.clear()
        form = {"csrf": csrf_in(page), "name": "ann", "password": PASSWORD}
        refused = browser.http.post("/sign-in", data=form, headers={"Host": "gate.example"})
        assert refused.status_code == httpx.codes.FORBIDDEN
        assert "came by plain http" in refused.text


def test_a_browser_that_keeps_no_cookies_is_told(site: Site) -> None:
    browser = Browser(site)
    browser.csrf = csrf_in(browser.get("/sign-in"))
    browser.http.cookies.clear()
    page = browser.post("/sign-in", name="ann", password=PASSWORD)
    assert "keeps no cookies" in page.text
    assert "plain http" not in page.text


def test_a_form_of_an_earlier_session_is_told_apart_from_a_forged_one(
    site: Site, someone: Callable[..., Browser]
) -> None:
    ann = someone("ann")
    old = ann.csrf
    ann.sign_in("ann")
    ann.csrf = old
    task = site.ask()
    page = ann.post(f"/review/tasks/{task}/claim")
    assert page.status_code == httpx.codes.FORBIDDEN
    assert "older than your sign-in" in page.text
    assert "Your role does not allow it" not in page.text
    for forged in ("", "forged", "x" * 33):
        ann.csrf = forged
        assert "not yours to do" in ann.post(f"/review/tasks/{task}/claim").text
    assert site.state(task) == "pending"
