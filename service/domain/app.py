"""An app: a place outside that we may resume, and how we are known there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.domain.ids import AppName
from service.domain.outcome import Verdict


@dataclass(frozen=True, kw_only=True)
class App:
    """A Dify app (its Service API at `url`, with `api_key`), or a receiver of signed webhooks.

    `actions` maps our verdicts to the ids of the form's actions. `secrets` are Standard Webhooks
    signing secrets, newest first (two while they rotate). `allow_internal` lets requests go to
    private and loopback addresses. Secrets never show in `repr`.
    """

    name: AppName
    url: str
    api_key: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    allow_internal: bool = False
    actions: Mapping[Verdict, str] = field(
        default_factory=lambda: {verdict: verdict.value for verdict in Verdict}
    )
