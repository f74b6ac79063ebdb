"""How sure are we? From the workflow's signal or the gate's own model to a calibrated confidence.

Every failure becomes an assessment without a confidence, which no threshold lets through.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from service.confidence.meaning import raw_of_meanings, texts_of
from service.confidence.member_calibrator import read_calibrator
from service.confidence.signals import RawScore, raw_of_score, raw_of_signal
from service.domain.decision import Assessment, Item, Reads, Reason, Score, source_of
from service.domain.errors import InvalidInput, Overloaded, ScorerFailed
from service.domain.gate import SIGNALS_SCORER, GatePolicy, SampleAgreement
from service.domain.guard import Finding
from service.domain.values import Json
from service.ports.embedder import Embedder
from service.ports.scorer import Scorer

log = structlog.get_logger()

SCORER_PATIENCE_SECONDS = 10.0


class Assessor:
    """Scorers by name, and what to do when one does not answer."""

    def __init__(
        self,
        scorers: Mapping[str, Scorer],
        patience_seconds: float = SCORER_PATIENCE_SECONDS,
        *,
        embedder: Callable[[], Embedder | None] = lambda: None,
    ) -> None:
        self._scorers = scorers
        self._embedder = embedder
        self._patience = patience_seconds

    def reads(self, policy: GatePolicy) -> Reads | None:
        """What the gate's own model reads of an item; None where the gate has none, or this
        process does not know it."""
        if policy.scorer == SIGNALS_SCORER:
            return None
        if policy.by_language:
            return Reads.TEXT
        scorer = self._scorers.get(policy.scorer)
        return None if scorer is None else scorer.reads

    async def assess(
        self,
        policy: GatePolicy,
        item: Item,
        category: str | None,
        signals: Mapping[str, Any] | None,
        ai_result: Json,
    ) -> Assessment:
        """The item's confidence under the policy.

        Raises BadSignal for a signal that does not fit the gate's labels (the caller's mistake),
        Overloaded where the scorer's queue is full. Any other trouble is an assessment without a
        confidence: a person will look.
        """
        if signals is not None:
            if policy.samples is SampleAgreement.MEANING and [*signals] == ["samples"]:
                return await self._by_meaning(policy, category, signals, ai_result)
            raw = raw_of_signal(
                signals,
                labels=policy.labels,
                approve_labels=policy.approve_labels,
                ai_result=ai_result,
            )
            try:
                return self._calibrated(policy, category, raw, signals=signals)
            except (ScorerFailed, InvalidInput) as failure:
                log.warning("calibration.failed", gate=policy.gate, detail=failure.detail)
                return Assessment(confidence=None, failure=Reason.SCORER_FAILED)
        if policy.scorer == SIGNALS_SCORER:
            return Assessment(confidence=None, failure=Reason.NO_SIGNAL)
        if policy.by_language and not item.has(Reads.TEXT):
            return Assessment(confidence=None, failure=Reason.NO_SIGNAL)
        name = policy.scorer_for(item)
        if name is None:
            return Assessment(confidence=None, failure=Reason.OTHER_LANGUAGE)
        if name not in self._scorers:  # another process knows a bundle that we do not
            log.error("scorer.unknown", gate=policy.gate, scorer=name)
            return Assessment(confidence=None, failure=Reason.SCORER_FAILED)
        if not item.has(self._scorers[name].reads):
            return Assessment(confidence=None, failure=Reason.NO_SIGNAL)
        return await self._scored(policy, self._scorers[name], item, category)

    async def _by_meaning(
        self,
        policy: GatePolicy,
        category: str | None,
        signals: Mapping[str, Any],
        ai_result: Json,
    ) -> Assessment:
        """Of samples that may say the same in other words. One that cannot be read fails all: who
        knows with whom it would have agreed?"""
        samples: Sequence[Json] = signals["samples"]
        texts = texts_of(samples, ai_result)
        embedder = self._embedder()
        if embedder is None:
            log.error("embedder.missing", gate=policy.gate)
            return Assessment(confidence=None, failure=Reason.SCORER_FAILED)
        version = embedder.version
        failed = Assessment(confidence=None, failure=Reason.SCORER_FAILED, model_version=version)
        try:
            async with asyncio.timeout(self._patience):
                found = await asyncio.gather(
                    *(
                        embedder.embed(text, gate=policy.gate, within=self._patience)
                        for text in texts.values()
                    )
                )
            raw = raw_of_meanings(samples, ai_result, dict(zip(texts, found, strict=True)))
            return self._calibrated(policy, category, raw, model_version=version, signals=signals)
        except TimeoutError:
            log.warning("embedder.timed_out", gate=policy.gate, seconds=self._patience)
            return replace(failed, failure=Reason.SCORER_TIMED_OUT)
        except (ScorerFailed, InvalidInput) as failure:
            log.warning("embedder.failed", gate=policy.gate, detail=failure.detail)
            return failed
        except Overloaded:
            raise
        except Exception:  # as for scores: a person looks
            log.exception("embedder.crashed", gate=policy.gate)
            return failed

    async def _scored(
        self, policy: GatePolicy, scorer: Scorer, item: Item, category: str | None
    ) -> Assessment:
        try:
            async with asyncio.timeout(self._patience):
                score = await scorer.score(item, gate=policy.gate, within=self._patience)
            raw = raw_of_score(score, labels=policy.labels, approve_labels=policy.approve_labels)
            return self._calibrated(
                policy,
                category,
                raw,
                scorer=scorer,
                model_version=score.model_version,
                notes=_notes(score, policy),
            )
        except Overloaded:
            raise
        except TimeoutError:
            log.warning("scorer.timed_out", gate=policy.gate, seconds=self._patience)
            return Assessment(
                confidence=None, failure=Reason.SCORER_TIMED_OUT, model_version=scorer.version
            )
        except (ScorerFailed, InvalidInput) as failure:
            log.warning("scorer.failed", gate=policy.gate, detail=failure.detail)
            return Assessment(
                confidence=None, failure=Reason.SCORER_FAILED, model_version=scorer.version
            )
        except Exception:  # an unknown failure is still only a failure to score: a person looks
            log.exception("scorer.crashed", gate=policy.gate)
            return Assessment(
                confidence=None, failure=Reason.SCORER_FAILED, model_version=scorer.version
            )

    def _calibrated(
        self,
        policy: GatePolicy,
        category: str | None,
        raw: RawScore,
        *,
        scorer: Scorer | None = None,
        model_version: str | None = None,
        signals: Mapping[str, Any] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Assessment:
        """c under the calibrator that was earned on such scores, else the bundle's own for its
        own. A workflow's signal stands as it is until its gate has earned a calibrator."""
        learned = policy.rule_for(category, source_of(model_version, signals)).calibrator
        if learned is not None:
            confidence = read_calibrator(learned)(raw.value, raw.spread)
        elif scorer is not None:  # the very one that scored: another version may have come
            confidence = scorer.calibrate(raw.value, raw.spread)
        else:
            confidence = raw.value
        if not (math.isfinite(confidence) and 0 <= confidence <= 1):
            raise ScorerFailed(f"The confidence came out as {confidence}.")
        return Assessment(
            confidence=confidence,
            raw_score=raw.value,
            spread=raw.spread,
            label=raw.label,
            model_version=model_version,
            notes=notes,
        )


def _notes(score: Score, policy: GatePolicy) -> tuple[str, ...]:
    """What the scorer saw of the item that the score does not say."""
    notes = []
    if score.truncated:
        notes.append(Finding.TRUNCATED)
    if score.unreadable:
        notes.append(Finding.UNREADABLE_PART)
    if score.novelty is not None and score.novelty > 1 - policy.guards.novelty:
        notes.append(Finding.OUT_OF_DISTRIBUTION)
    if score.complexity is not None and score.complexity > 1 - policy.guards.complexity:
        notes.append(Finding.TOO_COMPLEX)
    return tuple(notes)
