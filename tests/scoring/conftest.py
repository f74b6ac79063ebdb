"""The committed bundle, and a scorer on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.scoring.bundle import Bundle, load_bundle
from service.scoring.onnx_scorer import OnnxScorer

EMBEDDED = Path(__file__).resolve().parents[2] / "models" / "embedded"


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return load_bundle(EMBEDDED)


@pytest.fixture(scope="session")
def scorer(bundle: Bundle) -> Iterator[OnnxScorer]:
    scorer = OnnxScorer(bundle)
    yield scorer
    scorer.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    copy = tmp_path / "copy"
    shutil.copytree(EMBEDDED, copy)
    return copy
