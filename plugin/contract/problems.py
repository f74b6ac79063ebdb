"""Errors on the wire: RFC 9457 problem documents."""

from pydantic import BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One thing wrong with a request: where (`item.text`) and what to do."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    field: str
    message: str


class Problem(BaseModel):
    """An `application/problem+json` body; `type` is stable and safe to branch on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str | None = None
    instance: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    retry_after: int | None = Field(default=None, ge=1)
    """Seconds, where trying again helps: what the header Retry-After says, for an item of many."""
