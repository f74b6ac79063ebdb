"""What a delivery is for: its app, and its message."""

from collections.abc import Mapping

from pydantic import ValidationError

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.delivery import Delivery
from service.domain.ids import AppName
from service.resume.reasons import dead, quoted


def app_of(delivery: Delivery, apps: Mapping[AppName, App]) -> App:
    """The app to resume. Raises DeliveryDead where it is not configured (any more)."""
    if delivery.app is None:
        raise dead("no_app", "Neither the decision nor its gate names the app to resume.")
    app = apps.get(delivery.app)
    if app is None:
        raise dead("unknown_app", f'There is no app "{quoted(delivery.app)}"; configure it.')
    return app


def message_of(delivery: Delivery) -> ResumeMessage:
    """The frozen message. Raises DeliveryDead where it cannot be read."""
    try:
        return ResumeMessage.model_validate_json(delivery.body)
    except ValidationError:
        raise dead("broken_message", "The stored message cannot be read.") from None


def demand_secrets(app: App) -> None:
    """Raises DeliveryDead where a message to the app could not be signed."""
    if not app.secrets:
        raise dead("no_secret", f"The app {quoted(app.name)} has no signing secret; set one.")
