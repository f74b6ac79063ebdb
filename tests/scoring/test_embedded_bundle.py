"""The committed bundle keeps what its card promises, on texts that it was not made from."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bench import texts
from corpora import DataMissing, LabelledText, davidson, split
from service.confidence.metrics import accuracy, auroc, ece
from service.domain.decision import Item, Score
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from training.precision import MOST_BATCH_DRIFT
from training.serving import raw_scores

FOLDER = Path("models/embedded")
SAMPLE = 1000
LARGEST_MEGABYTES = 30


@pytest.fixture(scope="module")
def untouched() -> list[LabelledText]:
    """A fixed sample of the test part, which neither training nor calibration has seen."""
    try:
        part = split(davidson())["test"]
    except DataMissing as missing:
        pytest.skip(str(missing))
    chosen = np.random.default_rng(1).permutation(len(part))[:SAMPLE]
    return [part[place] for place in chosen]


def test_the_bundle_is_small_and_says_where_it_comes_from(bundle: Bundle) -> None:
    assert sum(map(len, bundle.files.values())) < LARGEST_MEGABYTES * 2**20
    assert bundle.card["data"]["licence"].startswith("MIT")
    assert bundle.card["encoder"]["licence"] == "Apache-2.0"
    assert bundle.card["command"] == "python -m service.training build davidson"
    value, low, high = bundle.card["metrics"]["measures"]["accuracy"]
    assert low < value < high


def test_confidences_are_calibrated_on_unseen_texts(
    bundle: Bundle, untouched: list[LabelledText]
) -> None:
    scorer = OnnxScorer(bundle, queue_limit=2 * len(untouched))

    async def answers() -> list[Score | BaseException]:
        scores = (scorer.score(Item(text=item.text)) for item in untouched)
        return await asyncio.gather(*scores, return_exceptions=True)

    scored = [
        (answer.probabilities["acceptable"], item.label)
        for answer, item in zip(asyncio.run(answers()), untouched, strict=True)
        if isinstance(answer, Score)  # the rest are in a script that the model cannot read
    ]
    scorer.close()
    assert len(scored) > 0.99 * len(untouched)
    raw, labels = zip(*scored, strict=True)
    confidence = bundle.calibrator.many(raw)
    assert ece(confidence, labels) < 0.05
    assert auroc(confidence, labels) > 0.96
    # The card's figure, give or take the noise of a thousand texts.
    assert accuracy(confidence, labels) == pytest.approx(
        bundle.card["metrics"]["measures"]["accuracy"][0], abs=0.02
    )


def test_a_thousand_texts_have_the_same_scores_alone_and_in_batches() -> None:
    items = [
        LabelledText(text=text, label=1, approving_share=1.0)
        for text in dict.fromkeys(texts.find(2 * SAMPLE).texts)
    ][:SAMPLE]
    assert len(items) == SAMPLE
    alone, together = (raw_scores(FOLDER, items, largest_batch=size) for size in (1, 32))
    read = np.isfinite(alone)  # the rest are in a script that the model cannot read
    assert read.mean() > 0.99
    assert np.array_equal(read, np.isfinite(together))
    assert np.abs(alone - together)[read].max() < MOST_BATCH_DRIFT
    assert np.array_equal((alone > 0.5)[read], (together > 0.5)[read])
