"""Versions of a model: which one is in force, how another one gets there, and how to go back.

A history is a model's activations, the newest first. Where there are none, the version that was
shipped is in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from service.domain.errors import Conflict

SHIPPED = 0
"""The number before the first: the version that the service was shipped with."""


class ActivationState(StrEnum):
    """How far an activation has come. Only a pending one moves."""

    PENDING = "pending"  # asked for; no running service has taken the version over yet
    TAKEN_OVER = "taken_over"  # a running service scores with it
    FAILED = "failed"  # it did not load or run there: what was in force before still is
    OVERTAKEN = "overtaken"  # another activation came before any service had taken it over


class ActivationCause(StrEnum):
    ACTIVATE = "activate"
    ROLL_BACK = "rollback"


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Somebody put a version of a model in force.

    `replaces` was in force until then; None where nothing was. Versions are a bundle's
    `name@fingerprint`. `back_to` is the number of the activation that rolling back puts back from
    here, SHIPPED for the shipped version, None for nothing.
    """

    model: str
    number: int
    version: str
    replaces: str | None
    back_to: int | None
    cause: ActivationCause
    actor: str
    at: datetime
    state: ActivationState = ActivationState.PENDING
    reason: str = ""
    settled_at: datetime | None = None


def wanted(history: Sequence[Activation]) -> Activation | None:
    """The activation that every service is to follow; None for the shipped version."""
    lasting = (ActivationState.PENDING, ActivationState.TAKEN_OVER)
    return next((one for one in history if one.state in lasting), None)


def proven(history: Sequence[Activation]) -> list[Activation]:
    """The activations that were taken over, the newest first."""
    return [one for one in history if one.state is ActivationState.TAKEN_OVER]


def activation(
    history: Sequence[Activation],
    model: str,
    version: str,
    *,
    shipped: str | None,
    actor: str,
    at: datetime,
) -> Activation:
    """Put a version in force. Raises Conflict where it is already."""
    current = wanted(history)
    if version == (current.version if current else shipped):
        raise Conflict(f"{version} is active already.")
    taken = proven(history)
    first = None if shipped is None else SHIPPED
    return Activation(
        model=model,
        number=_next_number(history),
        version=version,
        replaces=_works(history, shipped),
        back_to=taken[0].number if taken else first,
        cause=ActivationCause.ACTIVATE,
        actor=actor,
        at=at,
    )


def before(history: Sequence[Activation], shipped: str | None) -> str:
    """Where rolling back leads. Raises Conflict where there is nothing to go back to."""
    return _before(history, shipped)[0]


def roll_back(
    history: Sequence[Activation], *, shipped: str | None, actor: str, at: datetime
) -> Activation:
    """Put the version in force that was before. Doing so again goes back one further.

    Raises Conflict where there is nothing to go back to.
    """
    version, further = _before(history, shipped)
    return Activation(
        model=history[0].model,
        number=_next_number(history),
        version=version,
        replaces=_works(history, shipped),
        back_to=further,
        cause=ActivationCause.ROLL_BACK,
        actor=actor,
        at=at,
    )


def settled(pending: Activation, state: ActivationState, reason: str, at: datetime) -> Activation:
    """How a pending activation ended."""
    return replace(pending, state=state, reason=reason, settled_at=at)


def overtaken(history: Sequence[Activation], at: datetime) -> list[Activation]:
    """The activations that come to nothing where another one is made now, as they end."""
    return [
        settled(one, ActivationState.OVERTAKEN, "", at)
        for one in history
        if one.state is ActivationState.PENDING
    ]


def _before(history: Sequence[Activation], shipped: str | None) -> tuple[str, int | None]:
    """The version to go back to, and where rolling back leads from there."""
    current = wanted(history)
    number = current.back_to if current else None
    if number == SHIPPED and shipped is not None:
        return shipped, None
    restored = next((one for one in history if one.number == number), None)
    if restored is None:
        raise Conflict(
            "No version was active before this one.", fix="Activate the one that you want."
        )
    return restored.version, restored.back_to


def _works(history: Sequence[Activation], shipped: str | None) -> str | None:
    """What scores until now: an activation that nobody has taken over yet does not."""
    taken = proven(history)
    return taken[0].version if taken else shipped


def _next_number(history: Sequence[Activation]) -> int:
    return history[0].number + 1 if history else SHIPPED + 1
