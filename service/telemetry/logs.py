"""Structured logs: one event a line, as JSON for machines or in colour for people."""

import logging
import sys
from contextlib import suppress
from typing import Literal

import structlog


def configure(log_format: Literal["json", "console"], level: str) -> None:
    """Set up once, at start. Everything goes to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Looked up at each line: whoever runs us may put another stream in its place.
        logger_factory=lambda *_: Unfailing(sys.stderr),
    )


class Unfailing(structlog.PrintLogger):
    """Where a line cannot be written (the disk is full, the reader is gone) the work goes on: what
    is being told of must not be stopped by the telling."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    debug = info = warning = error = critical = msg
