"""In CI a skipped test fails the run, by name and reason, unless its reason is expected here."""

import os

import pytest

EXPECTED: tuple[str, ...] = (
    "The data set ",  # the sets are not in the repository: `python -m corpora fetch` brings them
)
"""Beginnings of reasons that hold in CI too. Each entry is a promise not kept: keep it short."""


def pytest_configure(config: pytest.Config) -> None:
    # The controller of pytest-xdist is told what its workers skip.
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipWatch(EXPECTED))


class SkipWatch:
    def __init__(self, expected: tuple[str, ...]) -> None:
        self._expected = expected
        self._unexpected: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._unexpected and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._unexpected:
            terminalreporter.section("skipped, which CI does not allow", red=True)
            for line in self._unexpected:
                terminalreporter.line(line)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        # An expected failure is reported as skipped too, without a place and a reason.
        if (
            report.skipped
            and isinstance(report.longrepr, tuple)
            and not hasattr(report, "wasxfail")
        ):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if not reason.startswith(self._expected):
                self._unexpected.append(f"{report.nodeid}: {reason}")
