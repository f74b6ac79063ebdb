"""Redact: a decision without personal data, for the store or for the eyes of reviewers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from service.domain.decision import Decision, Item
from service.domain.guard import Redaction
from service.domain.redaction import restored
from service.domain.values import Json
from service.ports.guard import Redactor


@dataclass(frozen=True, kw_only=True)
class Redacted:
    """The decision with labels, and what each label stands for."""

    decision: Decision
    originals: Mapping[str, Json]


def redacted(decision: Decision, redactor: Redactor) -> Redacted:
    """Everything in the decision that a caller or a reviewer wrote, without personal data.

    Not `category`, `resume.run_id` and `resume.user`: they choose thresholds, and Dify knows the
    waiting run by them.
    """
    item, outcome = decision.item, decision.outcome
    masked = redactor.masked(
        item.text,
        dict(item.fields),
        decision.ai_result,
        None if decision.signals is None else dict(decision.signals),
        decision.signals_unreadable,
        dict(decision.metadata),
        outcome.comment if outcome else None,
        outcome.edited_result if outcome else None,
    )
    if not masked.originals:
        return Redacted(decision=decision, originals={})
    text, fields, ai_result, signals, unreadable, metadata, comment, edited = masked.values
    return Redacted(
        decision=replace(
            decision,
            item=Item(text=cast(str | None, text), fields=cast(dict[str, Json], fields)),
            ai_result=ai_result,
            signals=cast(dict[str, Any] | None, signals),
            signals_unreadable=cast(str | None, unreadable),
            metadata=cast(dict[str, Json], metadata),
            outcome=outcome
            and replace(outcome, comment=cast(str, comment or ""), edited_result=edited),
        ),
        originals=masked.originals,
    )


def shown(decision: Decision, redaction: Redaction, redactor: Redactor) -> Decision:
    """The decision as reviewers may see it."""
    if redaction is Redaction.NONE:
        return decision
    seen = redacted(decision, redactor).decision
    (user,) = redactor.masked(seen.resume.user).values
    return replace(seen, resume=replace(seen.resume, user=cast(str | None, user)))


def answered(
    comment: str, edited: Json, decision: Decision, redaction: Redaction, redactor: Redactor
) -> tuple[str, Json]:
    """A reviewer's comment and edit as they are to be kept.

    Who saw labels leaves labels in an edit: where the store has what they stand for, that goes on.
    Where it must not have it, what the reviewer typed is masked like everything else.
    """
    match redaction:
        case Redaction.NONE:
            return comment, edited
        case Redaction.REVIEWERS:
            return comment, restored(edited, redacted(decision, redactor).originals)
        case Redaction.STORAGE:
            said, result = redactor.masked(comment, edited).values
            return cast(str, said), result
