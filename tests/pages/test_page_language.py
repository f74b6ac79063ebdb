"""Which language a browser gets, and how numbers and times are said in it."""

from datetime import UTC, datetime, timedelta

import pytest

from service.web.pages.language import Language, Speech
from tests.pages.site import Browser, Site, csrf_in

ENGLISH, CHINESE = Speech(Language.ENGLISH), Speech(Language.CHINESE)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW", "zh-Hans"),
        ("en-GB,en;q=0.9,zh-CN;q=0.8", "en"),
        ("de-DE,de;q=0.9,zh;q=0.5,en;q=0.4", "zh-Hans"),
        ("fr", "en"),
        ("en;q=0.1,zh;q=0.1", "en"),
        ("zh;q=nonsense,en;q=0.2", "en"),
        ("", "en"),
    ],
)
def test_a_page_speaks_the_language_the_browser_likes_best(
    site: Site, header: str, language: str
) -> None:
    page = Browser(site, **{"Accept-Language": header}).get("/sign-in")
    assert f'<html lang="{language}">' in page.text


def test_a_chosen_language_stays_chosen(site: Site) -> None:
    browser = Browser(site, **{"Accept-Language": "en"})
    browser.csrf = csrf_in(browser.get("/sign-in"))
    page = browser.post("/language", language="zh-Hans", back="/sign-in")
    assert page.url.path == "/sign-in"
    assert "登录" in page.text
    assert "登录" in browser.get("/sign-in").text


def test_the_language_is_not_chosen_from_elsewhere(site: Site) -> None:
    browser = Browser(site)
    browser.get("/sign-in")
    assert browser.post("/language", language="zh-Hans").status_code == 403


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.62, "62%"),
        (0, "0%"),
        (1, "100%"),
        (0.004, "0.4%"),
        (0.0001, "<0.1%"),
        (0.9985, "99.9%"),
        (0.99999, ">99.9%"),
        (0.95, "95%"),
    ],
)
def test_a_share_is_never_rounded_to_certainty(value: float, said: str) -> None:
    assert ENGLISH.share(value) == said


@pytest.mark.parametrize(
    ("length", "english", "chinese"),
    [
        (timedelta(seconds=-3), "0 s", "0 秒"),
        (timedelta(seconds=59), "59 s", "59 秒"),
        (timedelta(minutes=59, seconds=59), "59 min", "59 分钟"),
        (timedelta(hours=3, minutes=20), "3 h 20 min", "3 小时 20 分钟"),
        (timedelta(hours=3), "3 h", "3 小时"),
        (timedelta(days=2, hours=5, minutes=9), "2 d 5 h", "2 天 5 小时"),
    ],
)
def test_a_span_is_said_in_its_largest_units(length: timedelta, english: str, chinese: str) -> None:
    assert ENGLISH.span(length) == english
    assert CHINESE.span(length) == chinese


def test_a_moment_is_written_out() -> None:
    moment = datetime(2026, 11, 22, 10, 4, tzinfo=UTC)
    assert ENGLISH.moment(moment) == "22 Nov 2026, 10:04 UTC"
    assert CHINESE.moment(moment) == "2026年11月22日 10:04 UTC"


def test_things_are_counted() -> None:
    assert ENGLISH.count("queue.waiting", 1) == "1 item waits for you"
    assert ENGLISH.count("queue.waiting", 1200) == "1,200 items wait for you"
    assert CHINESE.count("queue.waiting", 3) == "有 3 条内容等您审核"


def test_a_failure_is_told_in_our_words_where_we_have_some() -> None:
    assert CHINESE.failure("busy: The app cannot take it now.") == "应用暂时无法处理。"
    assert ENGLISH.failure("new_code: Something new.") == "Something new."
    assert ENGLISH.failure("no code at all") == "no code at all"
