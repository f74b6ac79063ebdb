"""Fit what tells out-of-distribution items: `python -m training.novelty SOURCE`.

The statistics come from the training part, the reference from the validation part; neither
calibration nor test part is touched.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from service.scoring.bundle import CARD, sha256
from service.scoring.novelty import NOVELTY, Novelty
from service.scoring.reading import Inputs
from training.corpus import Corpus, corpus
from training.serving import Read, read

STILL_FROM = 2 / 3
"""The share of directions, most variable first, that training texts are free to move in."""
SMOOTHING = 0.1
"""Added to the count of every token."""


def fit(train: Read, labels: Sequence[int], validation: Read, tokens: int) -> Novelty:
    """The statistics of a bundle whose reader knows `tokens` tokens."""
    surprisal = _surprisal([inputs for inputs, _ in train], tokens)
    seen = np.concatenate([surprisal[inputs.rows["input_ids"]] for inputs, _ in validation])
    centres, still = _directions(train, labels)
    # As they are stored, so that the reference is of what will be measured.
    raw = Novelty(
        surprisal=surprisal,
        usual_surprisal=np.array([seen.mean(), seen.std()]),
        centres=centres,
        still=still,
        scale=np.array([[0.0, 0.0], [1.0, 1.0]]),
        reference=np.array([0.0]),
    )
    inputs, embeddings = zip(*validation, strict=True)
    measured = raw.measures(inputs, None if embeddings[0] is None else np.array(embeddings))
    deviation = measured.std(axis=0)
    scale = np.array([measured.mean(axis=0), np.where(deviation > 0, deviation, 1)])
    reference = np.sort(((measured - scale[0]) / scale[1]).sum(axis=1))
    kept = {f.name: getattr(raw, f.name) for f in fields(raw)}
    return Novelty(**{**kept, "scale": scale, "reference": reference})


def _surprisal(texts: Sequence[Inputs], tokens: int) -> NDArray[np.float64]:
    counts = np.full(tokens, SMOOTHING)
    for inputs in texts:
        np.add.at(counts, inputs.rows["input_ids"], 1)
    return _short(-np.log(counts / counts.sum()))


def _directions(
    train: Read, labels: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if any(embedding is None for _, embedding in train):
        return np.zeros((0, 0)), np.zeros((0, 0))
    points = np.array([embedding for _, embedding in train], dtype=np.float64)
    classes = np.array(labels)
    centres = np.array([points[classes == label].mean(axis=0) for label in np.unique(classes)])
    around = points - centres[np.searchsorted(np.unique(classes), classes)]
    _, directions = np.linalg.eigh(np.cov(around.T))  # the least variable first
    still = directions[:, : round((1 - STILL_FROM) * len(directions))]
    return _short(centres), _short(still)


def _short(array: NDArray[np.float64]) -> NDArray[np.float64]:
    return array.astype(np.float16).astype(np.float64)


def save(novelty: Novelty, folder: Path) -> None:
    """Write the file and its hash into the bundle's card."""
    content = io.BytesIO()
    halves = ("surprisal", "centres", "still")
    arrays = {f.name: getattr(novelty, f.name) for f in fields(novelty)}
    np.savez_compressed(
        content,
        **{n: a.astype(np.float16 if n in halves else np.float64) for n, a in arrays.items()},
    )
    (folder / NOVELTY).write_bytes(content.getvalue())
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    card["files"][NOVELTY] = sha256(content.getvalue())
    (folder / CARD).write_text(
        json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )


def main(
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")] = Path(
        "models/embedded"
    ),
) -> None:
    """Fit the bundle's novelty.npz on the texts that it was trained on."""
    typer.echo(learn(bundle, corpus(source)))


def learn(bundle: Path, texts: Corpus) -> str:
    """Fit and write the file of the bundle in this folder; what was done, in words."""
    train, labels = read(bundle, texts.parts["train"])
    validation, _ = read(bundle, texts.parts["validation"])
    tokens = 1 + max(int(i.rows["input_ids"].max()) for i, _ in [*train, *validation])
    save(fit(train, labels, validation, tokens), bundle)
    return f"{bundle / NOVELTY}: {len(train)} texts, {len(validation)} for reference"


if __name__ == "__main__":
    typer.run(main)
