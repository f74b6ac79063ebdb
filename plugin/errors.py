"""What can go wrong in the plugin, in words that are safe to show to a workflow author."""

from pydantic import ValidationError


class BadInput(Exception):
    """A parameter of the node is missing or malformed; the message says which and how to fix it."""


class ServiceError(Exception):
    """The service gave no valid answer; the message says why and what to check."""

    def __init__(
        self, message: str, *, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.passing = passing
        """The same request may succeed a little later."""
        self.retry_after = retry_after
        """Seconds that the service asked us to wait."""


_PLAIN = {"extra_forbidden": "is not a field here: remove it"}


def explain(error: ValidationError) -> str:
    """Where each fault is and what to do, without the values that were given."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(step) for step in fault["loc"])
        message = _PLAIN.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
        faults.append(f"{place} {message}" if place else message)
    return "; ".join(faults)
