"""`make demo` with its scripted reviewer, as a person would start it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from demo import comments
from lab.process import PYTHON, ROOT

SECONDS = 170


@pytest.fixture
def usual_port_taken() -> Iterator[None]:
    """Somebody has port 8000: we do, unless another does."""
    with ExitStack() as held:
        with suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 8000)))
        yield


@pytest.mark.usefixtures("usual_port_taken")
def test_it_ends_with_every_branch_resumed() -> None:
    if not PYTHON.exists():
        pytest.skip("no lab environment: run make setup")
    run = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, "AUTO": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    rows = [line for line in run.stdout.splitlines() if "→" in line]
    assert len(rows) == len(comments.read())
    reviewed = [row for row in rows if "to a person" in row]
    assert reviewed
    assert all("resumed →" in row for row in reviewed)
    assert "Every paused branch has resumed" in run.stdout
    assert "Review page" in run.stdout
    assert "127.0.0.1:8000" not in run.stdout


def test_another_auto_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**os.environ, "AUTO": "yes"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 1
    assert "AUTO=1" in run.stderr
