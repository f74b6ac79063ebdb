"""The `hold` mode: the node itself waits for the reviewer, then takes the verdict."""

import time

from plugin.client import GateClient
from plugin.contract.decisions import MAX_WAIT_SECONDS, Outcome
from plugin.errors import ServiceError

MIN_POLL_SECONDS = 1.0
"""Between two polls, should the service answer at once."""


def take_verdict(client: GateClient, decision_id: str, run_id: str) -> None:
    """Tell the service that the run has its verdict, so that the same text, asked about again in
    the run, is a new question. Raises ServiceError where another run has taken it."""
    taken = client.take("decisions", decision_id, run_id)
    if taken.verdict not in {"approve", "reject"}:
        raise ServiceError(f"The verdict cannot be taken: the service says {taken.verdict}.")


def await_outcome(client: GateClient, decision_id: str, end: float) -> Outcome | None:
    """Wait for the outcome until `end` (of `time.monotonic`); `None` when the time is up.

    Also `None`, at once, where the task was cancelled.
    A service that is away for a while costs only waiting: the task stays open there. Raises
    ServiceError where it refuses to answer.
    """
    while (left := end - time.monotonic()) > 0:
        started = time.monotonic()
        try:
            record = client.decision(decision_id, wait=int(min(MAX_WAIT_SECONDS, left)))
        except ServiceError as error:
            if not error.passing:
                raise
        else:
            if record.outcome or record.state == "cancelled":
                return record.outcome
        pause = started + MIN_POLL_SECONDS - time.monotonic()
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
    return None
