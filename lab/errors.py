"""Errors in the envelope of Dify's Service API: `{"code", "message", "status"}`."""


class ServiceApiError(Exception):
    """A refusal, with the HTTP status and the error code that Dify gives."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def body(self) -> dict[str, object]:
        """The answer's JSON."""
        return {"code": self.code, "message": str(self), "status": self.status}


def not_found(what: str) -> ServiceApiError:
    """404: unknown, or not to be seen by this caller."""
    return ServiceApiError(404, "not_found", f"{what} not found")


def invalid_param(message: str) -> ServiceApiError:
    """400: the request does not fit."""
    return ServiceApiError(400, "invalid_param", message)
