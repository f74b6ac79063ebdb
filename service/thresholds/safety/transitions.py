"""Where a gate stands with its contract, and what it therefore does: learn, run, hold, or say no.

LEARNING    what is certified is automatic, the rest goes to people; the most review that the
            contract allows is not kept yet
OPEN        both promises are kept: the level follows the controller
SAFE        an alarm: review at the most allowed, a large panel, until it can certify again
INFEASIBLE  the limit on errors and the limit on review exclude each other on these items: what is
            certified stays in force, so that the one on errors is kept, until a person chooses

LEARNING, OPEN --certificate within the review bounds--> OPEN
LEARNING, OPEN --another, and the labels disprove the limit at the most review--> INFEASIBLE
LEARNING, OPEN --another--> LEARNING
LEARNING, OPEN --alarm--> SAFE        (SAFE and INFEASIBLE: stay)
SAFE, INFEASIBLE --certificate within the review bounds--> OPEN
SAFE, INFEASIBLE --another--> INFEASIBLE
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from service.domain.adaptation import Adapted, Mode
from service.domain.certificate import Certificate
from service.thresholds.controller import WINDOW
from service.thresholds.safety.disproof import disproven
from service.thresholds.safety.look import Recent, Seen
from service.thresholds.sample import Sample

SAFE_PANEL = 0.25
WORTH_A_VERSION = 0.02
"""The share of items that another level must move before a version is made of it: the controller
moves at every label, and a history of every label says nothing."""


def certified(
    known: Adapted | None, certificate: Certificate, sample: Sample, now: datetime
) -> Adapted:
    """A certificate was made from this sample. Whoever makes one, by command or after enough
    labels, has settled that they are enough.

    Whatever watching had made stricter begins anew; that labels from before an alarm no longer
    count stays.
    """
    before = known or _new(now)
    mode, cause = _earned(before, certificate, sample)
    return Adapted(mode=mode, cause=cause, since=now, labels_since=before.labels_since)


def plan(known: Adapted | None, seen: Seen, now: datetime) -> Adapted | None:
    """What a look calls for; None where the gate stays as it is."""
    before, cause = known or _new(now), seen.watch.cause
    if cause is not None:
        after = alarmed(before, cause, seen.recent, now)
    else:
        after = followed(before, seen.watch.share, seen.recent)
    return None if after == before else after


def alarmed(known: Adapted, cause: str, recent: Recent, now: datetime) -> Adapted:
    """An alarm goes off."""
    match known.mode:
        case Mode.LEARNING | Mode.OPEN:
            return Adapted(
                mode=Mode.SAFE,
                cause=cause,
                since=now,
                level=recent.level(1 - recent.contract.review.max),
                panel_share=SAFE_PANEL,
                labels_since=now,
            )
        case Mode.SAFE | Mode.INFEASIBLE:
            return known
        case _:
            assert_never(known.mode)


def followed(known: Adapted, share: float, recent: Recent) -> Adapted:
    """The controller asks for this automatic share: an open gate follows, once it has seen a window
    of items, with what is worth a version."""
    if known.mode is not Mode.OPEN or recent.confidence.size < WINDOW:
        return known
    level = recent.level(share)
    if abs(recent.automatic(level) - recent.automatic(known.level)) < WORTH_A_VERSION:
        return known
    return replace(known, level=level, cause="following the errors and the bounds on review")


def _new(now: datetime) -> Adapted:
    return Adapted(mode=Mode.LEARNING, cause="new", since=now)


def _earned(known: Adapted, certificate: Certificate, sample: Sample) -> tuple[Mode, str]:
    if certificate.opens and certificate.within_review_bounds:
        return Mode.OPEN, "certified"
    match known.mode:
        case Mode.LEARNING | Mode.OPEN:
            if disproven(certificate, sample):
                return Mode.INFEASIBLE, "limit disproven"
            return Mode.LEARNING, "not certified within the review bounds"
        case Mode.SAFE | Mode.INFEASIBLE:
            return Mode.INFEASIBLE, known.cause
        case _:
            assert_never(known.mode)
