"""How the tests are dealt out to the workers of pytest-xdist.

A worker gets a whole file, so that what its tests share is made once; of some folders it gets all
files, since a lab, a browser or an installation serves the whole folder. What takes longest is
dealt out first, so that no worker is left with it at the end.
"""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]

TOGETHER = ("tests/browser/", "tests/plugin/", "tests/lab/", "tests/workflows/")
"""Folders whose fixtures of the whole session are dear."""

LONGEST_FIRST: tuple[str, ...] = ()
"""Beginnings of node ids."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return ByPlace(config, log)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    def _split_scope(self, nodeid: str) -> str:
        for folder in TOGETHER:
            if nodeid.startswith(folder):
                return folder
        return nodeid.partition("::")[0]


def _rank(nodeid: str) -> int:
    ranks = (rank for rank, prefix in enumerate(LONGEST_FIRST) if nodeid.startswith(prefix))
    return next(ranks, len(LONGEST_FIRST))
