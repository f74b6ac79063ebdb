"""Resume deliveries: how they stand, and the message they carry."""

from typing import Final, Literal

from pydantic import AwareDatetime, Field

from plugin.contract.values import Answer, Json

DeliveryState = Literal["pending", "delivered", "dead", "cancelled"]
DeliveryMode = Literal["native_form", "continuation", "webhook"]
MESSAGE_TYPE: Final = "review.decided"


class DeliveryStatus(Answer):
    """Where the delivery of one outcome stands; `reason` says why it waits or died."""

    id: str
    state: DeliveryState
    reason: str | None = None


class Delivery(DeliveryStatus):
    """One delivery, for those who watch over them."""

    decision_id: str
    review_task_id: str
    mode: DeliveryMode
    app: str | None = None
    attempts: int = Field(ge=0)
    created_at: AwareDatetime
    next_attempt_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None


class DeliveryPage(Answer):
    """Answer of `GET /v1/deliveries`, newest first."""

    deliveries: list[Delivery]
    next_cursor: str | None = None


class ResumeMessage(Answer):
    """The body of a resume message, frozen in the transaction that decided.

    Its `webhook-id` header is the delivery's id, the receiver's de-duplication key. A receiver
    that can be addressed by others never trusts `verdict`: it takes the verdict by id instead.
    """

    type: Literal["review.decided"] = MESSAGE_TYPE
    timestamp: AwareDatetime
    decision_id: str
    review_task_id: str
    verdict: Literal["approve", "reject"]
    gate_action: str
    """The app's name for the verdict: the id of the form's button."""
    reviewer: str | None = None
    comment: str | None = None
    edited_result: Json = None
    """The reviewer's edit, else the original `ai_result`."""
    metadata: dict[str, Json] = Field(default_factory=dict)
