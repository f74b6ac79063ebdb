"""The lab as a child process, for demonstrations and tests. Needs the standard library alone."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-lab" / "bin" / "python"
STOP_SECONDS = 10.0


class LabProcess:
    """`python -m lab serve`, up and listening. It leads a process group of its own, so that even
    a kill takes the plugin's process along."""

    def __init__(
        self,
        apps: Mapping[str, Path],
        keys: Mapping[str, str],
        state: Path,
        *,
        port: int = 0,
        hooks: Mapping[str, Path] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`keys` and `hooks` are by app name and by hook id; port 0 takes any free one."""
        options = [f"--port={port}", f"--state={state}"]
        options += [f"--app={name}={path}" for name, path in apps.items()]
        options += [f"--app-key={name}={key}" for name, key in keys.items()]
        options += [f"--hook={hook}={path}" for hook, path in (hooks or {}).items()]
        self._process = subprocess.Popen(
            [PYTHON, "-m", "lab", "serve", *options],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.url = self._listening()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call one of the lab's own routes, such as `/lab/switches`; HTTPError where it refuses."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it in good order."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close()

    def kill(self) -> None:
        """End it at once, with everything it had in memory."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.stop()

    def _listening(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("Listening on "):
                return line.removeprefix("Listening on ").strip()
        code = self._process.wait()
        raise RuntimeError(f"the lab ended with {code} before it listened")

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
