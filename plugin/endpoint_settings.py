"""The settings of the endpoint group, read and checked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from plugin.replies import Refusal
from plugin.signature import BadSecret, decode_secret


class EndpointSettings(NamedTuple):
    """The app that goes on, and the keys that its messages may be signed with."""

    app_id: str
    keys: list[bytes]


def read_settings(settings: Mapping[str, Any]) -> EndpointSettings:
    """The settings; raises Refusal (503) where they cannot work, saying which to correct."""
    app = settings.get("app")
    app_id = app.get("app_id") if isinstance(app, Mapping) else None
    if not isinstance(app_id, str) or not app_id:
        raise _misconfigured("no continuation app is selected")
    secrets = [settings.get("signing_secret"), settings.get("previous_signing_secret")]
    try:
        keys = [decode_secret(str(secret)) for secret in secrets if secret]
    except BadSecret:
        raise _misconfigured("a signing secret is not whsec_ followed by base64") from None
    if not keys:
        raise _misconfigured("there is no signing secret")
    return EndpointSettings(app_id, keys)


def _misconfigured(what: str) -> Refusal:
    return Refusal(503, "Not configured", f"In the endpoint's settings in Dify, {what}.")
