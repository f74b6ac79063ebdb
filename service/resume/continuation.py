"""continuation: start a second run, whose first node takes the verdict by id.

Its proof is the taking itself: a run that cannot take the verdict learns nothing from our message.
"""

from collections.abc import Mapping

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.delivery import Delivery, Proof
from service.domain.ids import AppName
from service.domain.values import Json
from service.ports.clock import Clock
from service.ports.resumer import AttemptLog, DeliveryFailed
from service.resume.dify_api import DifyApi
from service.resume.feed import Feed
from service.resume.forms import as_text
from service.resume.outgoing import Outgoing
from service.resume.reasons import dead, failed, quoted
from service.resume.signing import post
from service.resume.sorting import demand_accepted, sorted_out
from service.resume.targets import app_of, message_of
from service.resume.waiting import Patience, Stop, Waiting

TELLING = frozenset({"node_finished", "workflow_finished", "workflow_paused"})
"""Events after which it is worth asking whether the verdict has been taken."""

OUR_USER = "confidence-gate"
"""Whose the continuation's run is, where the decision named no user."""


class ContinuationResumer:
    """Starts the app's workflow (API key), or posts to a door of it (signing secrets).

    A retry is safe: of several runs the first to ask gets the verdict, the others `duplicate`.
    """

    def __init__(
        self,
        apps: Mapping[AppName, App],
        clock: Clock,
        stop: Stop,
        patience: Patience | None = None,
    ) -> None:
        self._apps = apps
        self._clock = clock
        self._stop = stop
        self._patience = patience or Patience()

    def resume(self, delivery: Delivery, log: AttemptLog) -> Proof:
        app = app_of(delivery, self._apps)
        proof = _taken(log)
        if proof is not None:
            return proof
        if not (app.api_key or app.secrets):
            raise dead(
                "no_key", f"The app {quoted(app.name)} has neither api_key nor secrets; set one."
            )
        with sorted_out(app, self._clock), Outgoing(allow_internal=app.allow_internal) as http:
            if not app.api_key:
                reply = post(delivery, app, http, self._clock)
                demand_accepted(reply, app, self._clock)
                log.submitted()
                return self._wait(log, self._patience.taken)
            inputs = start_inputs(message_of(delivery))
            with DifyApi(app, http).start(inputs, delivery.user or OUR_USER) as feed:
                log.submitted()
                return self._wait_beside(feed, log)

    def _wait(self, log: AttemptLog, seconds: float) -> Proof:
        for _ in Waiting(self._stop).looks(seconds):
            proof = _taken(log)
            if proof is not None:
                return proof
        raise not_taken("No run has taken the verdict yet")

    def _wait_beside(self, feed: Feed, log: AttemptLog) -> Proof:
        """Wait for the taking with the run's events at hand: a run that ends untaken ends the
        wait."""
        waiting = Waiting(self._stop)
        deadline = waiting.deadline(self._patience.taken)
        while not (feed.ended or deadline.passed()):
            waiting.check()
            event = feed.next(min(self._patience.look, deadline.left()))
            if event is not None and event["event"] not in TELLING:
                continue
            proof = _taken(log)
            if proof is not None:
                self._stay(feed, waiting)
                return proof
            if event is not None and event["event"] == "workflow_finished":
                raise not_taken("The continuation's run ended without taking the verdict")
        return self._wait(log, deadline.left())

    def _stay(self, feed: Feed, waiting: Waiting) -> None:
        """Read on a moment: before 1.13 Dify loses track of a run whose events nobody reads."""
        deadline = waiting.deadline(self._patience.settle)
        while not (feed.ended or deadline.passed()):
            event = feed.next(min(self._patience.look, deadline.left()))
            if event is not None and event["event"] == "workflow_finished":
                return


def start_inputs(message: ResumeMessage) -> Mapping[str, Json]:
    """What the run is started with: text, as start nodes take it. Never the verdict, which anybody
    could forge here: the run takes it by `decision_id`."""
    return {
        "decision_id": message.decision_id,
        "review_task_id": message.review_task_id,
        "reviewer": message.reviewer or "",
        "comment": message.comment or "",
        "edited_result": as_text(message.edited_result),
        "metadata": as_text(message.metadata),
    }


def not_taken(what: str) -> DeliveryFailed:
    return failed(
        "not_taken",
        f"{what}. The first node of the continuation must be get_review, with decision_id and "
        "sys.workflow_run_id.",
    )


def _taken(log: AttemptLog) -> Proof | None:
    run = log.taken_by()
    return None if run is None else Proof(kind="verdict_taken", detail=f"run {quoted(run)}")
