"""New identifiers: prefixed by what they name, and sortable by the time of their making."""

import secrets
import time

from service.domain.ids import CertificateId, DecisionId, DeliveryId, LeaseToken, TaskId
from service.randomness import random_hex


def new_decision_id() -> DecisionId:
    return DecisionId(_fresh("dec"))


def new_task_id() -> TaskId:
    return TaskId(_fresh("tsk"))


def new_delivery_id() -> DeliveryId:
    return DeliveryId(_fresh("dlv"))


def new_certificate_id() -> CertificateId:
    return CertificateId(_fresh("crt"))


def new_lease_token() -> LeaseToken:
    """A fencing token: one per claim, never used again, so an old holder can never match."""
    return LeaseToken(f"lse_{secrets.token_urlsafe(24)}")


def _fresh(prefix: str) -> str:
    # Microseconds first: rows made together lie together in the index, the newer one behind.
    return f"{prefix}_{time.time_ns() // 1_000:014x}{random_hex(10)}"
