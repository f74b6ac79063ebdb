"""A test that takes a `seed` runs once for each of SEEDS: one, unless the environment says more."""

import os

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(int(os.environ.get("SEEDS", "1"))))
