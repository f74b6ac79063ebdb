"""The shipped bundle, other versions of it, and a registry to add them to."""

from pathlib import Path

import pytest

from service.registry.versions import Registry
from tests.registry.bundles import MODELS, another_version


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(MODELS, tmp_path / "added")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle that is another version of the embedded one, which a test may spoil."""
    return another_version(tmp_path / "another")
