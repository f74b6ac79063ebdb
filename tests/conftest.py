"""What every test can use: real servers, and Hypothesis without a stop-watch."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

pytest_plugins = ["tests.servers", "tests.skips", "tests.kinds"]

# Machines differ: a slow example is no wrong example.
settings.register_profile("gate", deadline=None)
settings.load_profile("gate")


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.import_plugin("tests.workers")


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Passwords of people in this process are hashed in no time, and verified as quickly."""
    from service.usecases.access import authentication

    with pytest.MonkeyPatch.context() as patch:
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(authentication, "_hasher", quick)
        yield
