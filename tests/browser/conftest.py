"""A real Chromium on the real product. Where there is no Chromium, the tests skip and say so."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Error, Page, Request, expect, sync_playwright

from tests.pages.site import PASSWORD, Site, serving
from tests.servers import missing

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")

SEEN_MS = 300
LETTER_MS = 30

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("Chromium", FileNotFoundError(f"none of {', '.join(NAMES)} is on the path"))
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        except Error as error:
            missing("Chromium", error)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    """The product, with an empty queue."""
    running.clear()
    return running


class Reviewer:
    """Somebody before a screen."""

    complaints_expected = r"Failed to load resource: the server responded"
    """What the console may say: some tests want to see a page answered with an error."""

    def __init__(self, page: Page, site: Site) -> None:
        self.has_clock = False
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", self._note_strangers)

    def unexpected(self) -> list[str]:
        return [said for said in self.complaints if not re.search(self.complaints_expected, said)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_strangers(self, request: Request) -> None:
        if not request.url.startswith(self.site.url):
            self.complaints.append(f"asked of another host: {request.url}")

    def signed_in(self, name: str = "ann", to: str = "/review") -> "Reviewer":
        """Before the queue (or still where they were), without the way through the form."""
        token, _ = self.site.services.access.doorkeeper.sign_in(name, PASSWORD)
        self.page.context.add_cookies(
            [{"name": "gate-session", "value": token, "url": self.site.url}]
        )
        if to:
            self.page.goto(to)
        return self

    def sign_in(self, name: str = "ann") -> None:
        """By the form, on the page that stands there."""
        self.page.locator("#name").fill(name)
        self.page.locator("#password").fill(PASSWORD)
        self.page.locator("main button").click()

    def stop_time(self) -> None:
        """From now on time passes in this window only as somebody looks, types and presses keys:
        no machine is too slow for thirty milliseconds."""
        self.page.clock.install()
        self.page.goto("/review")
        self.page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        self.has_clock = True

    def wait_until_sent(self) -> None:
        not_sending = re.compile(r"^(?!.*is-sending).*$")
        expect(self.page.locator("html")).to_have_class(not_sending)

    def look(self) -> None:
        """Wait until the page takes an answer: nothing is being sent, and the item was seen."""
        self.wait_until_sent()
        if self.has_clock:
            self.page.clock.run_for(SEEN_MS)
        ready = re.compile(r"^(?!.*(is-new|is-sending)).*$")
        expect(self.page.locator("html")).to_have_class(ready)

    def press(self, key: str) -> None:
        """Press a key once the page is ready to take one."""
        self.look()
        self.strike(key)

    def strike(self, key: str, pause: int = 150) -> None:
        """Press a key, ready or not, and rest for so many milliseconds."""
        if self.has_clock:
            self.page.keyboard.press(key)
            self.page.clock.run_for(pause)
        else:
            self.page.keyboard.press(key, delay=pause)

    def type(self, text: str) -> None:
        for letter in text:
            self.strike(letter, LETTER_MS)

    def at(self, task: str) -> None:
        """The item is on the screen, and in this reviewer's hands."""
        expect(self.page).to_have_url(re.compile(f"/review/tasks/{task}"))
        expect(self.page.locator("#answer")).to_be_visible()

    def open(self, task: str) -> None:
        """Take this very item."""
        self.page.goto(f"/review/tasks/{task}")
        self.press("n")
        self.at(task)


@pytest.fixture
def reviewer(chromium: Chromium, site: Site) -> Iterator[Callable[..., Reviewer]]:
    """A new browser window; what its console complains of, and what it asks of other hosts,
    fails the test."""
    opened: list[Reviewer] = []

    def open_window(**options: Any) -> Reviewer:
        chosen = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        context = chromium.new_context(base_url=site.url, **chosen)
        context.set_default_timeout(20_000)
        opened.append(Reviewer(context.new_page(), site))
        return opened[-1]

    yield open_window
    for someone in opened:
        someone.page.context.close()
        assert not someone.unexpected()


@pytest.fixture
def ann(reviewer: Callable[..., Reviewer]) -> Reviewer:
    """A reviewer, signed in."""
    return reviewer().signed_in("ann")
