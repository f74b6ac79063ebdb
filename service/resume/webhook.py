"""webhook: a signed post to a receiver of the app's own."""

from collections.abc import Mapping

from service.domain.app import App
from service.domain.delivery import Delivery, Proof
from service.domain.ids import AppName
from service.ports.clock import Clock
from service.ports.resumer import AttemptLog
from service.resume.outgoing import Outgoing
from service.resume.signing import post
from service.resume.sorting import demand_accepted, sorted_out
from service.resume.targets import app_of, demand_secrets


class WebhookResumer:
    """Delivered once the receiver answers 2xx; what it does then is its own affair."""

    def __init__(self, apps: Mapping[AppName, App], clock: Clock) -> None:
        self._apps = apps
        self._clock = clock

    def resume(self, delivery: Delivery, log: AttemptLog) -> Proof:
        app = app_of(delivery, self._apps)
        demand_secrets(app)
        with sorted_out(app, self._clock), Outgoing(allow_internal=app.allow_internal) as http:
            reply = post(delivery, app, http, self._clock)
        demand_accepted(reply, app, self._clock)
        log.submitted()
        return Proof(kind="accepted", detail=f"HTTP {reply.status}")
