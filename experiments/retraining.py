"""Retraining on real texts: what a challenger of the embedded model gains, and from what.

`python -m experiments.retraining [--draws 5]`. The model was trained on tweets; the gate's items
are what people say to chatbots (ConvAbuse). Every third item is the panel's, by lot; the others are
labelled by review. `as said`: labels are the annotators' majority. `shuffled`: the labels of those
that train are dealt out anew, so that all they teach is how many items are right.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import typer

from corpora.convabuse import convabuse
from corpora.texts import LabelledText
from service.domain.decision import Item, Reads, Thresholds, Zone
from service.domain.gate import GatePolicy
from service.domain.ids import DecisionId, GateName
from service.domain.labelled import LabelledItem, Said
from service.domain.outcome import Verdict
from service.retraining.challenge import challenge
from service.retraining.judging import Judgement, level_of
from service.retraining.lessons import Lessons
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer

BUNDLE = Path(__file__).resolve().parents[1] / "models" / "embedded"
GATE = GateName("chatbots")
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def main(draws: int = 5) -> None:
    """One line a draw."""
    items = convabuse()
    print("| labels | draw | judged | champion | challenger | gain | at least | beats |")
    print("|---|---|---|---|---|---|---|---|")
    for labels in ("as said", "shuffled"):
        for draw in range(draws):
            found = judged(items, draw, shuffled=labels == "shuffled")
            print(
                f"| {labels} | {draw} | {found.items} "
                f"| {found.champion_loss:.3f}, {found.champion_errors} wrong "
                f"| {found.challenger_loss:.3f}, {found.challenger_errors} wrong "
                f"| {found.gain:+.3f} | {found.at_least:+.3f} | {found.beats} |",
                flush=True,
            )


def judged(texts: Sequence[LabelledText], draw: int, *, shuffled: bool) -> Judgement:
    """How the panel judges the challenger of one draw."""
    lot = np.random.default_rng(draw)
    order = [texts[place] for place in lot.permutation(len(texts))]
    panel = lot.random(len(order)) < 1 / 3
    right = np.array([text.label == 1 for text in order])
    if shuffled:
        right[~panel] = lot.permutation(right[~panel])
    lessons = Lessons(reads=Reads.TEXT)
    for place, text in enumerate(order):
        lessons.add(_item(place, text.text, bool(panel[place]), bool(right[place])))
    bundle = load_bundle(BUNDLE)
    policy = GatePolicy(
        gate=GATE,
        version=1,
        scorer=bundle.name,
        labels=bundle.labels,
        approve_labels=bundle.approve_labels,
        thresholds=Thresholds(low=0.1, high=0.9),
    )
    with tempfile.TemporaryDirectory() as folder:
        return challenge(
            bundle,
            policy,
            lessons.parts(certify=False),
            level=level_of(1),
            open_scorer=OnnxScorer,
            folder=Path(folder) / "challenger",
            about={},
            tell=lambda _: None,
        ).judgement


def _item(place: int, text: str, panel: bool, right: bool) -> LabelledItem:
    at = BEGUN + place * timedelta(minutes=1)
    return LabelledItem(
        decision_id=DecisionId(f"dec_{place:06}"),
        task_id=None,
        gate=GATE,
        policy_version=1,
        decided_at=at,
        item=Item(text=text),
        ai_result=None,
        category=None,
        source=None,
        raw_score=None,
        confidence=None,
        zone=Zone.HUMAN_REVIEW,
        panel=panel,
        audit_probability=None,
        guarded=False,
        said=Said(
            verdict=Verdict.APPROVE if right else Verdict.REJECT,
            edited_result=None,
            reviewer="annotators",
            at=at,
        ),
        truth=None,
    )


if __name__ == "__main__":
    typer.run(main)
