"""Several processes behind one port of one machine: what they share, and who watches over them.

uvicorn starts them, starts anew what dies or hangs, and ends them. Each is a whole service; they
meet in the store, and in a folder of their own for news and for what they count.
"""

import fcntl
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import typer
import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from service.cli import collector
from service.cli.context import told_in_words
from service.settings import Settings

COUNTS_ARE_SHARED_IN = "PROMETHEUS_MULTIPROC_DIR"
SECONDS_UNTIL_HUNG = 30
"""Without a sign of life: from a cold disk, importing everything may take as long."""


def serve_together(settings: Settings, options: Mapping[str, Any], *, with_worker: bool) -> bool:
    """Serve in `settings.processes` processes until told to stop; whether they could start.

    `options` are uvicorn's.
    """
    with tempfile.TemporaryDirectory(prefix="confidence-gate-") as name, _kept(Path(name)):
        # The library that counts looks here as soon as it is imported.
        os.environ[COUNTS_ARE_SHARED_IN] = name
        config = uvicorn.Config(
            partial(_one_of_them, settings, Path(name), with_worker=with_worker),
            factory=True,
            workers=settings.processes,
            timeout_worker_healthcheck=SECONDS_UNTIL_HUNG,
            **options,
        )
        watch = Multiprocess(config, sockets=[config.bind_socket()])
        watch.run()
    return all(process.exitcode != STARTUP_FAILURE for process in watch.processes)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """A lock that spares it from those who clear temporary folders of what is old, as
    systemd-tmpfiles does (tmpfiles.d(5))."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _one_of_them(settings: Settings, shared: Path, *, with_worker: bool) -> FastAPI:
    from service.bootstrap.application import build_app
    from service.bootstrap.logs import configure_logs

    configure_logs(settings)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        with told_in_words():
            application = build_app(settings, shared=shared, with_worker=with_worker)
    except typer.Exit:
        sys.exit(STARTUP_FAILURE)  # another try would end alike
    collector.come_seldom()
    return application


def _end_with_the_parent() -> None:
    """A parent that was killed could not say so; nobody else would end its children."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
