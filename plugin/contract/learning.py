"""What a gate learns from: its labelled items."""

from typing import Literal

from plugin.contract.gates import CertificateSummary
from plugin.contract.values import Answer, Json

CaseName = Literal["success", "failure"]
MOST_ITEMS = 1000


class DataPage(Answer):
    """Answer of `GET /v1/gates/{gate}/data`: labelled items, oldest first, as `data export` writes
    them."""

    items: list[dict[str, Json]]
    next_cursor: str | None = None


class Certified(Answer):
    """Answer of `POST /v1/gates/{gate}/certificates`: what is in force now. A certificate that
    proves nothing closes the gate."""

    policy_version: int
    certificates: list[CertificateSummary]
