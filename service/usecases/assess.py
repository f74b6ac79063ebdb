"""How sure are we? From the workflow's signal or the gate's own model to a calibrated confidence.

Every failure becomes an assessment without a confidence, which no threshold lets through.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from service.confidence.signals import RawScore, raw_of_probabilities, raw_of_signal
from service.domain.decision import Assessment, Item, Reason
from service.domain.errors import BadSignal, Overloaded, ScorerFailed
from service.domain.gate import SIGNALS_SCORER, GatePolicy
from service.domain.values import Json
from service.ports.scorer import Scorer

log = structlog.get_logger()

SCORER_PATIENCE_SECONDS = 10.0


class Assessor:
    """Scorers by name, and what to do when one does not answer."""

    def __init__(
        self, scorers: Mapping[str, Scorer], patience_seconds: float = SCORER_PATIENCE_SECONDS
    ) -> None:
        self._scorers = scorers
        self._patience = patience_seconds

    async def assess(
        self,
        policy: GatePolicy,
        item: Item,
        signals: Mapping[str, Any] | None,
        ai_result: Json,
    ) -> Assessment:
        """The item's confidence under the policy.

        Raises BadSignal for a signal that does not fit the gate's labels (the caller's mistake),
        Overloaded where the scorer's queue is full. Any other trouble is an assessment without a
        confidence: a person will look.
        """
        if signals is not None:
            raw = raw_of_signal(
                signals,
                labels=policy.labels,
                approve_labels=policy.approve_labels,
                ai_result=ai_result,
            )
            return self._calibrated(policy, raw, model_version=None)
        if policy.scorer == SIGNALS_SCORER:
            return Assessment(confidence=None, failure=Reason.NO_SIGNAL)
        if item.text is None:
            # A text model has nothing to read in a record's fields.
            return Assessment(confidence=None, failure=Reason.NO_SIGNAL)
        return await self._scored(policy, item)

    async def _scored(self, policy: GatePolicy, item: Item) -> Assessment:
        scorer = self._scorers[policy.scorer]
        try:
            async with asyncio.timeout(self._patience):
                score = await scorer.score(item)
            raw = raw_of_probabilities(
                score.probabilities, labels=policy.labels, approve_labels=policy.approve_labels
            )
            assessment = self._calibrated(policy, raw, model_version=score.model_version)
        except Overloaded:
            raise
        except TimeoutError:
            log.warning("scorer.timed_out", gate=policy.gate, seconds=self._patience)
            return Assessment(
                confidence=None, failure=Reason.SCORER_TIMED_OUT, model_version=scorer.version
            )
        except (ScorerFailed, BadSignal) as failure:
            log.warning("scorer.failed", gate=policy.gate, detail=failure.detail)
            return Assessment(
                confidence=None, failure=Reason.SCORER_FAILED, model_version=scorer.version
            )
        except Exception:  # an unknown failure is still only a failure to score: a person looks
            log.exception("scorer.crashed", gate=policy.gate)
            return Assessment(
                confidence=None, failure=Reason.SCORER_FAILED, model_version=scorer.version
            )
        if score.truncated:
            return _noted(assessment, "truncated")
        return assessment

    def _calibrated(
        self, policy: GatePolicy, raw: RawScore, model_version: str | None
    ) -> Assessment:
        # A bundle's calibrator was fitted on that bundle's scores; a workflow's signal comes from
        # elsewhere, and stands as it is until its gate has labels of its own.
        confidence = raw.value
        if model_version is not None:
            confidence = self._scorers[policy.scorer].calibrate(raw.value)
        if not (math.isfinite(confidence) and 0 <= confidence <= 1):
            raise ScorerFailed(f"The confidence came out as {confidence}.")
        return Assessment(
            confidence=confidence,
            raw_score=raw.value,
            label=raw.label,
            model_version=model_version,
        )


def _noted(assessment: Assessment, note: str) -> Assessment:
    return replace(assessment, notes=(*assessment.notes, note))
