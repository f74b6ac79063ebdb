"""A challenge: learn from the lessons, make a bundle, let the panel judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from service.confidence.calibrators import AnyCalibrator
from service.confidence.member_calibrator import choose, read_calibrator
from service.domain.errors import TooFewLabels
from service.domain.gate import GatePolicy
from service.domain.values import Json
from service.retraining.challenger import write_challenger
from service.retraining.fitting import Fitted, Floats, fit
from service.retraining.judging import Judgement, judge
from service.retraining.lessons import Parts
from service.retraining.scores import OpenScorer, Scored, measured, scored
from service.scoring.bundle import Bundle
from service.scoring.learned_head import HEAD
from service.thresholds.sample import Sample

FEWEST_READ = 50
"""Panel items that both can read; fewer judge nothing."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Challenge:
    """A challenger, how the panel judged it, and what a certificate of it may rest on: panel items
    that had no part in the judgement, or None."""

    challenger: Bundle
    fitted: Fitted
    judgement: Judgement
    sample: Sample | None


def challenge(
    champion: Bundle,
    policy: GatePolicy,
    parts: Parts,
    *,
    level: float,
    open_scorer: OpenScorer,
    folder: Path,
    about: Mapping[str, Json],
    tell: Callable[[str], object],
) -> Challenge:
    """Make the challenger in `folder`, and judge it at this level of certainty.

    The champion has the confidences that the gate gives its scores now.
    """
    tell(f"Reading {len(parts.train) + len(parts.tune):,} labelled items")
    # What was learned before is learned anew: the head is always one step from the graph itself.
    plain = replace(champion, files={n: f for n, f in champion.files.items() if n != HEAD})
    lessons = [
        measured(plain, scored(plain, part, open_scorer)) for part in (parts.train, parts.tune)
    ]
    fitted = fit(*lessons)
    tell("Making the challenger")
    challenger = write_challenger(
        champion,
        fitted,
        lambda bundle: _calibrator(scored(bundle, parts.tune, open_scorer)),
        folder,
        about,
    )
    tell(f"Judging by {len(parts.judge):,} panel items")
    before = scored(champion, parts.judge, open_scorer)
    after = scored(challenger, parts.judge, open_scorer)
    if len(before.lessons) < FEWEST_READ or before.lessons != after.lessons:
        raise TooFewLabels("The model cannot read the items of the panel.")
    return Challenge(
        challenger=challenger,
        fitted=fitted,
        judgement=judge(
            _in_force(policy, champion, before),
            challenger.calibrator.many(after.raw, after.spreads),
            after.right,
            level=level,
        ),
        sample=_sample(policy, scored(challenger, parts.certify, open_scorer))
        if parts.certify
        else None,
    )


def _calibrator(tuned: Scored) -> AnyCalibrator:
    return choose(tuned.raw, tuned.right, tuned.spreads).calibrator


def _in_force(policy: GatePolicy, champion: Bundle, scores: Scored) -> Floats:
    """The confidences (items,) under the calibrators in force: the certificate's, by category,
    where it is for this version."""
    found = np.empty(len(scores.lessons))
    for category in {lesson.category for lesson in scores.lessons}:
        places = [n for n, one in enumerate(scores.lessons) if one.category == category]
        some = scores.of(places)
        earned = policy.certified.get(policy.category_named(category)) or policy.certified.get(None)
        calibrator = (
            read_calibrator(earned.calibrator)
            if earned is not None and earned.source == champion.version
            else champion.calibrator
        )
        found[places] = calibrator.many(some.raw, some.spreads)
    return found


def _sample(policy: GatePolicy, scores: Scored) -> Sample:
    lessons = scores.lessons
    named = any(lesson.category for lesson in lessons)
    return Sample.of(
        scores.raw,
        scores.right,
        spreads=scores.spreads,
        categories=[policy.category_named(lesson.category) or "" for lesson in lessons]
        if named
        else None,
        weights=[lesson.weight for lesson in lessons],
        doubted=[lesson.doubted for lesson in lessons],
        since=min((lesson.decided_at for lesson in lessons), default=None),
        until=max((lesson.decided_at for lesson in lessons), default=None),
    )
