"""Taking a verdict exactly once: what `get_review` asks, and what it is told."""

from typing import Literal

from plugin.contract.decisions import ReviewState
from plugin.contract.values import Answer, Id, Json, Request

TakenVerdict = Literal["approve", "reject", "pending", "duplicate"]


class TakeRequest(Request):
    """Body of `POST /v1/decisions/{id}/take` and of `POST /v1/tasks/{id}/take`."""

    run_id: Id
    """The run that will act on the verdict."""


class TakeResponse(Answer):
    """The verdict, for the first run that takes it once final, and for that run ever after.

    Every later run is told `duplicate`, before the verdict is final every run is told `pending`;
    neither then learns anything else.
    """

    decision_id: str
    review_task_id: str | None = None
    state: ReviewState
    verdict: TakenVerdict
    reviewer: str | None = None
    comment: str | None = None
    edited_result: Json = None
    """The reviewer's edit, else the original `ai_result`."""
