from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pages.site import Browser, Site, serving, signed_in


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
def elsewhere(tmp_path: Path) -> Iterator[Site]:
    """Another product, for a test that changes it for good."""
    with serving(tmp_path) as site:
        yield site


@pytest.fixture
def someone(site: Site) -> Iterator[Callable[..., Browser]]:
    """A browser in which this person has signed in."""
    browsers: list[Browser] = []

    def open_browser(name: str, **headers: str) -> Browser:
        browsers.append(signed_in(site, name, **headers))
        return browsers[-1]

    yield open_browser
    for browser in browsers:
        browser.http.close()


@pytest.fixture
def ann(someone: Callable[..., Browser]) -> Browser:
    """A reviewer, signed in."""
    return someone("ann")
