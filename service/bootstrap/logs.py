"""How a process of the service logs."""

from service.settings import Settings
from service.telemetry import logs


def configure_logs(settings: Settings) -> None:
    """As the settings say: for a process that serves or delivers."""
    logs.configure(settings.log_format, settings.log_level)


def keep_logs_to_warnings() -> None:
    """For a command: what it has to say, it says itself."""
    logs.configure("console", "warning")
