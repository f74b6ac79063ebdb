"""Signed posts, by Standard Webhooks 1.0.0."""

import binascii

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from service.domain.app import App
from service.domain.delivery import Delivery
from service.ports.clock import Clock
from service.resume.outgoing import Outgoing, Reply
from service.resume.reasons import dead, quoted


def post(delivery: Delivery, app: App, http: Outgoing, clock: Clock) -> Reply:
    """Post the frozen message, signed now. Raises what Outgoing raises."""
    headers = {"Content-Type": "application/json", **signature(delivery, app, clock)}
    return http.send("POST", app.url, headers=headers, body=delivery.body)


def signature(delivery: Delivery, app: App, clock: Clock) -> dict[str, str]:
    """The headers that say who sends this and when: one signature for each of the app's secrets.

    The id is the delivery's, the same on every try: the receiver's de-duplication key.
    """
    now = clock.now()
    try:
        signatures = [
            Webhook(secret).sign(delivery.id, now, delivery.body.decode()) for secret in app.secrets
        ]
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        raise dead(
            "bad_secret",
            f"A secret of the app {quoted(app.name)} is not base64 (whsec_...); set a right one.",
        ) from None
    return {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
