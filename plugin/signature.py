"""Standard Webhooks signatures: who sent a message, and that nobody changed or kept it."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 5 * 60
"""How far a message's timestamp may be from our clock, either way."""
MIN_SECRET_BYTES = 16
MAX_ID_CHARS = 256
_MAX_TIMESTAMP_DIGITS = 12


class BadSecret(Exception):
    """A signing secret must be whsec_ and base64, as the service shows it."""


class BadSignature(Exception):
    """The message is not proven to come from the service; the text says in which way."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float) -> str:
    """The message's id, once one of the secrets proves it.

    Header names are in lower case, `now` is in seconds since the epoch. Raises BadSignature where
    the id, the timestamp or a matching signature is missing, or the timestamp is more than five
    minutes off.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or len(message_id) > MAX_ID_CHARS:
        raise BadSignature("the webhook-id header is missing or too long")
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _MAX_TIMESTAMP_DIGITS:
        raise BadSignature("the webhook-timestamp header is missing or not a number of seconds")
    signed = f"{message_id}.{timestamp}.".encode() + body
    if not _matches(headers.get("webhook-signature", ""), signed, secrets):
        raise BadSignature("no webhook-signature matches")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature("the webhook-timestamp is more than five minutes off")
    return message_id


def decode_secret(secret: str) -> bytes:
    """The key in a `whsec_...` secret; raises BadSecret where there is none."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret from None
    if len(key) < MIN_SECRET_BYTES:
        raise BadSecret
    return key


def _matches(given: str, signed: bytes, secrets: Sequence[bytes]) -> bool:
    expected = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in secrets]
    offered = [part[3:].encode() for part in given.split() if part.startswith("v1,")]
    # Every pair is compared, whichever matches: how long it takes tells nothing.
    pairs = [(ours, theirs) for ours in expected for theirs in offered]
    return sum(hmac.compare_digest(ours, theirs) for ours, theirs in pairs) > 0
