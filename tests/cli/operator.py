"""An operator at the command line: in this process, or in one of its own where it matters."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog
from typer.testing import CliRunner

from service.cli import app

PROGRAM = "python -m service"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def service(folder: Path, *arguments: str, **env: str) -> Told:
    """`python -m service ...` on a store in this folder, without the cost of a process.

    What no command handles is raised: an operator would see a traceback.
    """
    environment: dict[str, str | None] = dict.fromkeys(_settings(), None)
    logging = structlog.get_config()  # a command sets up the logs of its process
    try:
        result = CliRunner().invoke(
            app, arguments, env=environment | _of(folder, env), prog_name=PROGRAM
        )
    finally:
        structlog.configure(**logging)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(returncode=result.exit_code, stdout=result.stdout, stderr=result.stderr)


def service_process(folder: Path, *arguments: str, **env: str) -> Told:
    """`python -m service ...` on a store in this folder."""
    inherited = {name: value for name, value in os.environ.items() if name not in _settings()}
    run = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        env=inherited | _of(folder, env),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Told(returncode=run.returncode, stdout=run.stdout, stderr=run.stderr)


def _settings() -> list[str]:
    return [name for name in os.environ if name.startswith("GATE_")]


def _of(folder: Path, env: dict[str, str]) -> dict[str, str]:
    store = {"GATE_DATABASE_URL": f"sqlite:///{folder}/gate.db"}
    return store | env | {"NO_COLOR": "1", "COLUMNS": "200"}
