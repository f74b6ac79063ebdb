"""What the page says of the AI's opinion: a suggestion only where the gate would act on it."""

from dataclasses import dataclass
from enum import StrEnum

from service.domain.decision import Decision, Reason, Zone
from service.domain.guard import Finding
from service.domain.outcome import Verdict, leaning


class Caveat(StrEnum):
    """What must be known before the AI's opinion is read."""

    UNCERTIFIED = "uncertified"
    FOREIGN = "foreign"
    READ_IN_PART = "read_in_part"


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """`verdict` is None between the thresholds, where the AI is not sure enough to suggest one.
    `share` is how sure it is that `towards` is right."""

    verdict: Verdict | None
    towards: Verdict
    share: float


_SUGGESTS = {Zone.AUTO_APPROVE: Verdict.APPROVE, Zone.AUTO_REJECT: Verdict.REJECT}


def suggestion_of(decision: Decision) -> Suggestion | None:
    """None where there is no confidence."""
    confidence = decision.assessment.confidence
    if confidence is None:
        return None
    zone, _ = decision.thresholds.zone(confidence)
    verdict = _SUGGESTS.get(zone)
    # Where nothing is proven there are no thresholds to be between.
    leans = leaning(confidence) if decision.reason is Reason.UNCERTIFIED else None
    towards = verdict or leans or Verdict.APPROVE
    return Suggestion(
        verdict=verdict,
        towards=towards,
        share=confidence if towards is Verdict.APPROVE else 1 - confidence,
    )


def caveat_of(decision: Decision) -> Caveat | None:
    if decision.reason is Reason.UNCERTIFIED:
        return Caveat.UNCERTIFIED
    notes = set(decision.assessment.notes)
    if Finding.OUT_OF_DISTRIBUTION in notes or decision.reason is Reason.OTHER_LANGUAGE:
        return Caveat.FOREIGN
    return Caveat.READ_IN_PART if notes & {Finding.TRUNCATED, Finding.UNREADABLE_PART} else None
