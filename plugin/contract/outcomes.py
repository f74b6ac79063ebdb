"""The truth that is learned later about a decision: a chargeback, an appeal."""

from plugin.contract.decisions import FinalVerdict
from plugin.contract.values import Answer, Comment, Id, Request


class OutcomeRequest(Request):
    """Body of `POST /v1/outcomes`."""

    decision_id: Id
    truth: FinalVerdict
    """What would have been right."""
    note: Comment | None = None


class OutcomeResponse(Answer):
    """`recorded` is true when the truth is stored, also when it had been before."""

    recorded: bool
