"""Can a cosine tell answers that say the same from those that say the opposite?

The pairs were written for this: 40 paraphrases, and 40 that keep most words and say something else.
The paraphrases' sides, dealt anew, make 40 pairs on different matters. Run: python -m
experiments.meaning
"""

import asyncio
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from service.confidence.estimators import answer_of
from service.confidence.meaning import SAME_MEANING
from service.confidence.metrics import auroc
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer

PAIRS = Path(__file__).with_name("meaning_pairs.csv")
EMBEDDED = Path(__file__).resolve().parents[1] / "models" / "embedded"
DEALT_ON = 7  # places that the second side of a paraphrase moves on
THRESHOLDS = (0.6, 0.7, 0.8, SAME_MEANING, 0.9, 0.95)

type Pairs = list[tuple[str, str]]


def read_pairs() -> dict[str, Pairs]:
    """The pairs by what they are."""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    same = [(row["one"], row["other"]) for row in rows if row["same"] == "1"]
    opposite = [(row["one"], row["other"]) for row in rows if row["same"] == "0"]
    dealt = same[DEALT_ON:] + same[:DEALT_ON]
    apart = [(one, other) for (one, _), (_, other) in zip(same, dealt, strict=True)]
    return {"same": same, "opposite": opposite, "apart": apart}


def cosines(scorer: OnnxScorer, pairs: Pairs) -> NDArray[np.float64]:
    """The cosine of every pair, by the model."""

    async def embedded() -> NDArray[np.float64]:
        texts = [text for pair in pairs for text in pair]
        found = await asyncio.gather(*map(scorer.embed, texts))
        sides = np.array(found, dtype=np.float64).reshape(len(pairs), 2, -1)
        product: NDArray[np.float64] = (sides[:, 0] * sides[:, 1]).sum(axis=1)
        return product

    return asyncio.run(embedded())


def main() -> None:
    """Measure and print."""
    pairs, scorer = read_pairs(), OnnxScorer(load_bundle(EMBEDDED))
    found = {kind: cosines(scorer, some) for kind, some in pairs.items()}
    scorer.close()
    table = Table(title="Pairs put together", caption="AUROC: paraphrases against the others")
    for heading in ("", *found):
        table.add_column(heading)
    exact = [np.mean([answer_of(a) == answer_of(b) for a, b in some]) for some in pairs.values()]
    table.add_row("the same text", *(f"{share:.1%}" for share in exact))
    for threshold in THRESHOLDS:
        shares = [float((cosine >= threshold).mean()) for cosine in found.values()]
        table.add_row(f"cosine >= {threshold:g}", *(f"{share:.1%}" for share in shares))
    against = ["", *(_told_apart(found["same"], found[kind]) for kind in ("opposite", "apart"))]
    table.add_row("AUROC", *against)
    Console().print(table)


def _told_apart(same: NDArray[np.float64], others: NDArray[np.float64]) -> str:
    cosine = np.clip(np.concatenate([same, others]), 0, 1)
    return f"{auroc(cosine, np.repeat([1, 0], [same.size, others.size])):.3f}"


if __name__ == "__main__":
    main()
