"""How long a million decisions take: to be replayed from SQLite, and to be certified.

.venv/bin/python -m experiments.million
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from service.bus.memory import InProcessBus
from service.domain.access import Principal, Scope
from service.domain.category import UnknownCategory
from service.domain.certificate import Costs, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.gate import SIGNALS_SCORER, GatePolicy
from service.domain.ids import GateName
from service.ports.clock import SystemClock
from service.store import tables
from service.store.engine import open_engine
from service.store.sql_store import SqlStore
from service.thresholds.categories import certify_categories
from service.thresholds.sample import Sample
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import CertifyGate
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.replay import ReplayGate, ReplayOrder
from service.web.text.certificates import in_english

ITEMS = 1_000_000
AT_ONCE = 20_000
LABELLED = 0.05
START = datetime(2026, 1, 1, tzinfo=UTC)
WHO = Principal(name="experiment", scopes=frozenset(Scope))
CATEGORIES = ("books", "toys", "garden", None)
POLICY = GatePolicy(
    gate=GateName("million"),
    version=0,
    scorer=SIGNALS_SCORER,
    labels=("approve", "reject"),
    approve_labels=("approve",),
    thresholds=Thresholds(low=0.1, high=0.9),
    categories={"toys": Thresholds(low=0.2, high=0.95)},
    unknown_category=UnknownCategory.INHERIT,
)


def main() -> None:
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(f"sqlite:///{folder}/gate.db")
        store.migrate()
        gates, clock = GateBook(store), SystemClock()
        gates.adopt([POLICY], clock.now())
        right, scores = items()
        with timed(seconds, "write"):
            fill(Path(folder) / "gate.db", right, scores)
        certify = CertifyGate(
            store=store, gates=gates, bus=InProcessBus(), clock=clock, in_words=in_english
        )
        learner = Learner(store=store, gates=gates, certify=certify, version_of=lambda _: None)
        replay = ReplayGate(store=store, gates=gates, learner=learner, calibrator_of=lambda _: None)
        costs = Costs(wrong_approval=10, wrong_rejection=3, review_minute=0.5)
        candidate = replace(gates.of("million"), thresholds=Thresholds(low=0.05, high=0.8))
        with timed(seconds, "replay"):
            found = replay(candidate, WHO, ReplayOrder(limit=ITEMS, costs=costs))
        assert found.candidate.items == ITEMS
        store.close()
    contract = RiskContract(
        target=Target.PER_SIDE, wrong_approvals=0.01, wrong_rejections=0.01, costs=costs
    )
    names = [CATEGORIES[i % len(CATEGORIES)] or "" for i in range(ITEMS)]
    sample = Sample.of(scores, right, categories=names)
    with timed(seconds, "certify"):
        certify_categories(sample, contract)
    json.dump({"items": ITEMS, "seconds": seconds}, sys.stdout, indent=2)
    print()


def items() -> tuple[Any, Any]:
    """Half of them right, with scores that tell them apart well."""
    lot = np.random.default_rng(1)
    right = lot.random(ITEMS) < 0.5
    scores = 1 / (1 + np.exp(-2 * (np.where(right, 2, -2) + lot.standard_normal(ITEMS))))
    return right, scores


def fill(file: Path, right: Any, scores: Any) -> None:
    """Decisions as the service writes them, and a label for some."""
    lot = np.random.default_rng(2)
    labelled = lot.random(ITEMS) < LABELLED
    engine = open_engine(f"sqlite:///{file}")
    for first in range(0, ITEMS, AT_ONCE):
        rows = [decision(place, float(scores[place])) for place in range(first, first + AT_ONCE)]
        said = [
            label(place, float(scores[place]), bool(right[place]))
            for place in range(first, first + AT_ONCE)
            if labelled[place]
        ]
        for row in rows:
            row["panel"] = bool(labelled[int(row["id"][4:])])
        with engine.begin() as connection:
            connection.execute(insert(tables.decisions), rows)
            connection.execute(insert(tables.labels), said)
    engine.dispose()


def decision(place: int, score: float) -> dict[str, Any]:
    category = CATEGORIES[place % len(CATEGORIES)]
    zone, reason = POLICY.rule_for(category).thresholds.zone(score)
    return {
        "id": f"dec_{place:014d}",
        "gate": POLICY.gate,
        "policy_version": 1,
        "created_at": START + timedelta(seconds=place),
        "requested_by": "key:x",
        "item": {"text": "A comment of some length, as people write them. " * 5, "fields": {}},
        "signals": {"score": score},
        "category": category,
        "risk_level": "medium",
        "resume_mode": "none",
        "metadata": {},
        "zone": zone.value,
        "reason": reason.value,
        "threshold_low": 0.1,
        "threshold_high": 0.9,
        "confidence": score,
        "raw_score": score,
        "notes": [],
    }


def label(place: int, score: float, right: bool) -> dict[str, Any]:
    return {
        "decision_id": f"dec_{place:014d}",
        "gate": POLICY.gate,
        "raw_score": score,
        "source": "signal:score",
        "category": CATEGORIES[place % len(CATEGORIES)],
        "right": right,
        "panel": True,
        "reviewer": "person:x",
        "at": START,
    }


@contextmanager
def timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[what] = round(time.perf_counter() - began, 2)


if __name__ == "__main__":
    main()
