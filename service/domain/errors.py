"""What can go wrong, in the product's own words.

The class says what kind of failure it is (`web/problems.py` turns the kind into an HTTP status);
its docstring is the default message; `fix` tells the caller what to do next.
"""

from collections.abc import Sequence
from inspect import cleandoc


class GateError(Exception):
    """Something went wrong."""

    fix = ""

    def __init__(self, detail: str | None = None, *, fix: str | None = None) -> None:
        self.detail = detail or cleandoc(self.__doc__ or "")
        if fix is not None:
            self.fix = fix
        super().__init__(self.detail)


class InvalidInput(GateError):
    """The request does not say something that can be done."""


class DuplicateKey(InvalidInput):
    """The body names a key twice in one object."""

    fix = "Name every key once: which of the two values is meant, nobody can tell."


class NotFound(GateError):
    """There is no such thing, or it is not yours to see."""


class Conflict(GateError):
    """The state of things does not allow this now."""


class Forbidden(GateError):
    """You may not do this."""


class Unauthenticated(GateError):
    """No valid credentials came with the request."""


class Overloaded(GateError):
    """More work is waiting than can be taken on."""

    def __init__(self, detail: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(detail, fix=f"Try again in {retry_after:g} s.")
        self.retry_after = retry_after


class StoreUnavailable(GateError):
    """The store does not answer just now."""

    fix = "Try again: the same Idempotency-Key never does a thing twice."
    retry_after = 2.0


# --- gates and scoring ---


class UnknownGate(NotFound):
    """There is no gate of that name for this key."""

    fix = "List the gates with GET /v1/gates, or add the gate to GATE_CONFIG."


class BadPolicy(InvalidInput):
    """This is no policy that a gate could have."""

    def __init__(self, mistakes: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("; ".join(f"{where} {what}" for where, what in mistakes) or None)
        self.mistakes = tuple(mistakes)


class ChangedMeanwhile(Conflict):
    """The gate is no longer at the version that this change was made for."""

    fix = "Read the gate as it is now, and decide again."


class VersionNotNamed(InvalidInput):
    """A change must say which version of the gate it changes."""

    fix = 'Send If-Match with the ETag of GET /v1/gates/{gate}, for instance If-Match: "7".'


class TooFewLabels(Conflict):
    """The panel has not given labels enough for a certificate."""

    fix = "Wait for more of the panel, or certify from a file: `gate calibrate GATE FILE.csv`."


class UnknownVersion(NotFound):
    """The gate has no such version."""


class UnknownShadow(NotFound):
    """The gate never had a shadow."""

    fix = "Start one with PUT /v1/gates/{gate}/shadow, or on the gate's page."


class ShadowRuns(Conflict):
    """A shadow of this gate runs already."""

    fix = "Stop it first, or adopt its candidate."


class NoShadowRuns(Conflict):
    """The gate's last shadow has ended."""

    fix = "Start another one."


class CrossedThresholds(InvalidInput):
    """Thresholds must satisfy 0 <= low < high <= 1."""

    fix = "Set low below high, both between 0 and 1; null closes a side."


class BadSignal(InvalidInput):
    """The signal does not fit the gate."""


class UnknownApp(InvalidInput):
    """resume.app is not one of the gate's apps."""

    fix = "Name one of the gate's apps, or leave resume.app out to use the gate's own."


class ScorerFailed(GateError):
    """The scorer gave no usable score."""


class BrokenBundle(GateError):
    """The model bundle is not whole."""


class UnfitBundle(BrokenBundle):
    """A gate that uses the model judges by other labels."""


class MissingVersion(BrokenBundle):
    """This machine does not have that version of the model."""


# --- review ---


class UnknownTask(NotFound):
    """There is no such review task for you."""


class UnknownDecision(NotFound):
    """There is no such decision for you."""


class IllegalMove(Conflict):
    """The review task is not in a state that allows this."""


class StaleLease(Conflict):
    """The lease is not yours, or it has lapsed."""

    fix = "Claim the task again and decide with the new lease_token."


class UndoWindowClosed(Conflict):
    """The verdict can no longer be taken back: its delivery may have left."""


class ExpertsOnly(Forbidden):
    """An escalated task can be claimed by experts only."""


class SecondAnswer(Forbidden):
    """The same person cannot answer a task twice."""


# --- delivery ---


class UnknownDelivery(NotFound):
    """There is no such delivery for you."""


class IllegalDeliveryMove(Conflict):
    """The delivery is not in a state that allows this."""


# --- idempotency ---


class IdempotencyMismatch(InvalidInput):
    """This Idempotency-Key was used before with another request."""

    fix = "Use a new key for a new request; repeat the same bytes to repeat a request."


class IdempotencyInFlight(Conflict):
    """A request with this Idempotency-Key is still in flight."""

    fix = "Wait for the first request, then repeat it to read its stored answer."
