"""The watch on skipped tests, in a run of pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SAMPLE = """
import pytest

def test_passes(): pass

@pytest.mark.xfail(reason="known to fail", strict=True)
def test_fails_as_expected(): assert False

def test_needs_a_browser(): pytest.skip("no Chromium")

@pytest.mark.skipif(True, reason="no GPU here")
def test_needs_a_gpu(): pass
"""
WHOLE_FILE = 'import pytest\npytest.skip("no data", allow_module_level=True)\n'
WORKERS = ("-p", "xdist", "-n", "2")
EXPECTING = 'import tests.skips\ntests.skips.EXPECTED = ("no GPU", "no data")\n'


def run_pytest(folder: Path, *more: str, ci: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("CI", "PYTEST_ADDOPTS")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if ci is not None:
        environment["CI"] = ci
    options = ["-p", "tests.skips", "-p", "no:cacheprovider", "--import-mode=importlib"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, f"--rootdir={folder}", *more, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    (tmp_path / "test_whole_file.py").write_text(WHOLE_FILE)
    return tmp_path


def test_in_ci_every_unexpected_skip_is_named_and_fails_the_run(folder: Path) -> None:
    run = run_pytest(folder, ci="true")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert "test_sample.py::test_needs_a_browser: no Chromium" in run.stdout
    assert "test_sample.py::test_needs_a_gpu: no GPU here" in run.stdout
    assert "test_whole_file.py: no data" in run.stdout
    assert "known to fail" not in run.stdout


@pytest.mark.parametrize("order", ["no:randomly", "randomly"])
def test_in_ci_what_workers_skip_is_named_and_fails_the_run(folder: Path, order: str) -> None:
    run = run_pytest(folder, *WORKERS, "-p", order, ci="true")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    named = run.stdout.partition("CI does not allow")[2]
    assert named.count("test_sample.py::test_needs_a_browser: no Chromium") == 1
    assert named.count("test_sample.py::test_needs_a_gpu: no GPU here") == 1
    assert named.count("test_whole_file.py: no data") == 1
    assert "known to fail" not in named


def test_workers_whose_skips_are_all_expected_pass(folder: Path) -> None:
    (folder / "conftest.py").write_text(EXPECTING)
    (folder / "test_sample.py").write_text("def test_passes(): pass\n")
    assert run_pytest(folder, *WORKERS, ci="true").returncode == pytest.ExitCode.OK


def test_in_ci_an_expected_reason_is_let_through(folder: Path) -> None:
    (folder / "conftest.py").write_text(EXPECTING)
    named = run_pytest(folder, ci="true").stdout.partition("CI does not allow")[2]
    assert "no Chromium" in named
    assert "no GPU here" not in named
    assert "no data" not in named


def test_a_run_whose_skips_are_all_expected_passes(folder: Path) -> None:
    (folder / "conftest.py").write_text(EXPECTING)
    (folder / "test_sample.py").write_text("def test_passes(): pass\n")
    assert run_pytest(folder, ci="true").returncode == pytest.ExitCode.OK


def test_elsewhere_skips_are_nobodys_business(folder: Path) -> None:
    run = run_pytest(folder, ci=None)
    assert run.returncode == pytest.ExitCode.OK, run.stdout
