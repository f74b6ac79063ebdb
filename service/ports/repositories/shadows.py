"""Policies that judge beside the one in force."""

from collections.abc import Sequence
from typing import Protocol

from service.domain.shadow import Judgement, Shadow


class Shadows(Protocol):
    def add(self, shadow: Shadow) -> None:
        """Raises ShadowRuns where that number is taken: somebody else was faster."""
        ...

    def latest(self, gate: str) -> Shadow | None:
        """The gate's newest shadow, running or ended."""
        ...

    def running(self) -> list[Shadow]: ...

    def end(self, shadow: Shadow) -> bool:
        """Write how a running shadow ended; False where it no longer runs."""
        ...

    def judged(self, judgements: Sequence[Judgement]) -> None:
        """Keep them. Their decisions are stored."""
        ...
