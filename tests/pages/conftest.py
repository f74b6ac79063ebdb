from collections.abc import Callable, Iterator

import pytest

from tests.pages.site import Browser, Site, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    """The product, with an empty queue."""
    running.clear()
    return running


@pytest.fixture
def someone(site: Site) -> Iterator[Callable[..., Browser]]:
    """A browser in which this person has signed in."""
    browsers: list[Browser] = []

    def open_browser(name: str, **headers: str) -> Browser:
        browser = Browser(site, **headers)
        browsers.append(browser)
        browser.sign_in(name)
        return browser

    yield open_browser
    for browser in browsers:
        browser.http.close()


@pytest.fixture
def ann(someone: Callable[..., Browser]) -> Browser:
    """A reviewer, signed in."""
    return someone("ann")
