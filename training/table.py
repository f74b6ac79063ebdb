"""The comparison's figures per split, and the Markdown table of their means."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from service.domain.values import Json
from training.compare import ROWS, Plan, Split
from training.report import MEASURES
from training.settings import Settings

SHOWN = [name for name in MEASURES if name not in ("brier", "log-loss")]


def figures(found: Sequence[Split], plan: Plan, settings: Settings) -> dict[str, Json]:
    """Every row's measures on the test part of each split whose opinions are there."""
    rows: dict[str, Json] = {}
    for name, needed, method in ROWS:
        per_split: dict[str, Json] = {}
        for split in found:
            if not set(needed) <= split.opinions.keys():
                continue
            members = [split.opinions[opinion] for opinion in needed]
            joined = {
                part: np.concatenate([member[part] for member in members])
                for part in ("calibration", "test")
            }
            c = method(joined, split.bench.labels("calibration"))
            labels = split.bench.labels("test")
            per_split[str(split.bench.corpus.seed)] = {
                measure: round(MEASURES[measure](c, labels), 5) for measure in SHOWN
            }
        if per_split:
            rows[name] = per_split
    return {
        "data": {str(split.bench.corpus.seed): split.bench.corpus.describe() for split in found},
        "seeds": dict(zip(map(str, plan.splits), plan.seeds, strict=True)),
        "settings": asdict(settings),
        "rows": rows,
    }


def page(figures: Mapping[str, Any], command: str, cards: Sequence[Mapping[str, Any]]) -> str:
    """The figures as a Markdown page, with those of bundles of the same data beside them."""
    data, settings = next(iter(figures["data"].values())), figures["settings"]
    lines = [
        f"# Confidence methods on {data['name']}",
        "",
        f"Made by `{command}`. Mean ± standard deviation over the splits that a row was measured "
        f"on, on their test parts; split seeds {', '.join(figures['seeds'])}. Every calibrator, "
        "meta-model and stack is fitted on the calibration part alone; train, validation, "
        "calibration and test are "
        + ", ".join(f"{share:.0%}" for share in data["split"]["shares"].values())
        + " of the texts.",
        "",
        "| method | splits | " + " | ".join(SHOWN) + " |",
        "|---" * (len(SHOWN) + 2) + "|",
        *(_row(name, rows) for name, rows in figures["rows"].items()),
        *(_bundle(card) for card in cards if card["data"]["name"] == data["name"]),
        "",
        "- Bundles are as committed, each one training; in brackets 95 % bootstrap intervals of "
        "its test part.",
        "- Accuracy at r % review: 1 - P(decided automatically and wrong), the r % whose c is "
        "nearest to 1/2 reviewed, reviewers taken to be right, which flatters.",
        "- ECE: P(approving is right) in 15 bins of equal mass.",
        "- Agreement is c = 1 - (1/M) sum I[f_m != mode], turned to the side of the mode. Many "
        "items tie, and ties are reviewed in the order they come in.",
        f"- Fine-tuned here: the last {settings['learned_layers']} of {settings['depth']} layers, "
        f"{settings['epochs']} epochs, dropout of whole hidden units ({settings['dropout']}); MC "
        f"dropout: {settings['members']} frozen masks in the same network; deep ensemble: "
        f"{len(figures['seeds'])} such networks from other seeds, on the first split alone.",
        "- A split's seed also names the network trained on it: "
        + ", ".join(f"split {split}: seed {seed}" for split, seed in figures["seeds"].items())
        + ".",
        f"- {data['caveat']}",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    cells = []
    for measure in SHOWN:
        values = [found[measure] for found in rows.values()]
        spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
        cells.append(f"{np.mean(values):.4f}{spread}")
    return f"| {name} | {len(rows)} | " + " | ".join(cells) + " |"


def _bundle(card: Mapping[str, Any]) -> str:
    cells = []
    for measure in SHOWN:
        value, low, high = card["metrics"]["measures"][measure]
        cells.append(f"{value:.4f} ({low:.4f}-{high:.4f})")
    name = f"**bundle `{card['name']}`** ({card.get('method', 'softmax')}, calibrated)"
    return f"| {name} | 1 | " + " | ".join(cells) + " |"
