"""How the tests are dealt out to the workers of pytest-xdist.

A worker gets a whole file, so that what its tests share is made once; of some folders it gets all
files, since a lab, a browser or an installation serves the whole folder. What takes longest is
dealt out first, so that no worker is left with it at the end.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser/",
    "tests/faults/replicas/",
    "tests/lab/",
    "tests/plugin/",
    "tests/workflows/test_without_the_service.py",  # in a lab of its own
    "tests/workflows/",
)
"""Beginnings of node ids: whatever shares what is dear to make. The first that fits counts."""

LONGEST_FIRST = (
    "tests/training/test_training.py",
    "tests/bench/test_bench.py",
    "tests/browser/",
    "tests/faults/test_ladder_store.py",
    "tests/faults/test_processes.py",
    "tests/registry/test_mlflow.py",
    "tests/registry/test_blue_green.py",
    "tests/scoring/test_precision.py",
    "tests/workflows/",
    "tests/lab/",
    "tests/training/",
    "tests/registry/",
    "tests/plugin/",
    "tests/faults/",
    "tests/resume/test_against_lab.py",
    "tests/experiments/",
    "tests/cli/",
    "tests/retraining/",
)
"""Beginnings of node ids; those that fit none come last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return ByPlace(config, log)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    def _split_scope(self, nodeid: str) -> str:
        shared = (beginning for beginning in TOGETHER if nodeid.startswith(beginning))
        return next(shared, nodeid.partition("::")[0])


def _rank(nodeid: str) -> int:
    ranks = (rank for rank, prefix in enumerate(LONGEST_FIRST) if nodeid.startswith(prefix))
    return next(ranks, len(LONGEST_FIRST))
