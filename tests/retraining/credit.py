"""Loan applications at a gate with the shipped model of fields, and what people said of them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Assessment, Decision, Item, Zone
from service.domain.review import Answer, GivenAnswer, TaskState
from service.scoring.bundle import Bundle, load_bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.store.sql_store import SqlStore
from tests.examples import MINUTE, NOW, a_decision, a_task

MODELS = Path(__file__).resolve().parents[2] / "models"
MODEL = "german-credit"
GATES = """\
gates:
  credit:
    scorer: german-credit
    contract: {target: system_error, wrong_answers: 0.2, confidence: 0.9}
    panel_share: 0.3
"""

type Floats = NDArray[np.float64]


def bundle() -> Bundle:
    return load_bundle(MODELS / MODEL)


def records(count: int, lot: np.random.Generator) -> list[dict[str, Any]]:
    """Applications of every kind, each value by lot."""
    columns = json.loads(bundle().reading)["columns"]
    return [
        {
            column["name"]: max(1, round(float(lot.normal(column["mean"], column["scale"]))))
            if column["kind"] == "numeric"
            else str(lot.choice(column["values"]))
            for column in columns
        }
        for _ in range(count)
    ]


def confidences(found: Bundle, items: Sequence[Item]) -> Floats:
    """What the bundle says of the items, calibrated."""
    scorer = OnnxScorer(found, queue_limit=4 * len(items))

    async def ask() -> list[float]:
        scores = await asyncio.gather(*map(scorer.score, items))
        return [
            scorer.calibrate(score.probabilities[found.approve_labels[0]], score.spread)
            for score in scores
        ]

    try:
        return np.array(asyncio.run(ask()))
    finally:
        scorer.close()


def with_a_telephone(record: dict[str, Any], _champion: float) -> float:
    """P(approving is right) in a world that the shipped model knows nothing of."""
    return 0.95 if record["telephone"] == "none" else 0.05


def as_the_champion_says(_record: dict[str, Any], champion: float) -> float:
    return champion


def the_contrary(_record: dict[str, Any], champion: float) -> float:
    return 1 - champion


type World = Callable[[dict[str, Any], float], float]


def labelled(url: str, others: World, panel: World, count: int = 2400, seed: int = 8) -> None:
    """Fill the store: every third item is the panel's. The others are labelled as the one world
    has it, the panel's as the other."""
    lot = np.random.default_rng(seed)
    found, made = bundle(), records(count, lot)
    sure = confidences(found, [Item(fields=record) for record in made])
    decisions, tasks = [], []
    for place, (record, champion) in enumerate(zip(made, sure, strict=True)):
        drawn = place % 3 == 0
        right = lot.random() < (panel if drawn else others)(record, float(champion))
        decision = _decided(found, record, float(champion), place, panel=drawn)
        answer = GivenAnswer(
            reviewer="person:lin",
            answer=Answer.APPROVE if right else Answer.REJECT,
            comment="",
            edited_result=None,
            at=decision.created_at + MINUTE,
        )
        decisions.append(decision)
        tasks.append(replace(a_task(decision), state=TaskState.RESOLVED, answers=(answer,)))
    store = SqlStore(url)
    store.migrate()
    with store.transaction() as tx:
        tx.decisions.add(decisions)
        tx.tasks.add(tasks)
    store.close()


def _decided(
    found: Bundle, record: dict[str, Any], champion: float, place: int, *, panel: bool
) -> Decision:
    return a_decision(
        gate="credit",
        created_at=NOW + place * MINUTE,
        item=Item(fields=record),
        zone=Zone.HUMAN_REVIEW,
        assessment=Assessment(confidence=champion, raw_score=champion, model_version=found.version),
        panel=panel,
    )
