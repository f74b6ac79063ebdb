"""Every reader and method, from a bundle's folder to a score: as by hand, in any company."""

import asyncio
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

from service.domain.decision import Item, Reads, Score
from service.domain.errors import BrokenBundle, ScorerFailed
from service.domain.values import Json
from service.scoring.bundle import Bundle
from service.scoring.heads import Method
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.reading import ReaderKind
from tests.scoring.small_bundles import (
    FEATURES,
    FIELDS,
    LABELS,
    NGRAMS,
    WORDS,
    fields_graph,
    ngrams_graph,
    tokenizer,
    words_graph,
    write_bundle,
)

MEMBERS = 3
CHANCE = np.random.default_rng(3)
WORD_TABLES = CHANCE.normal(size=(MEMBERS, len(WORDS), 2)).astype(np.float32)
NGRAM_TABLES = CHANCE.normal(size=(1, NGRAMS.buckets + 1, 2)).astype(np.float32)
FIELD_WEIGHTS = CHANCE.normal(size=(FEATURES, 2)).astype(np.float32)
TEXTS = [
    " ".join(words)
    for words in itertools.product(["good", "bad", "a fine"], ["day", "awful warm day what a day"])
]


def words_bundle(folder: Path, members: int = 1, *, method: str = "softmax") -> Bundle:
    return write_bundle(
        folder,
        words_graph(WORD_TABLES[:members], embedding=True),
        reader=ReaderKind.WORDPIECE,
        reading=tokenizer(),
        method=method,
    )


def ngrams_bundle(folder: Path) -> Bundle:
    reading = json.dumps(NGRAMS.to_json())
    return write_bundle(
        folder, ngrams_graph(NGRAM_TABLES), reader=ReaderKind.NGRAMS, reading=reading
    )


def fields_bundle(folder: Path) -> Bundle:
    reading = json.dumps(FIELDS)
    return write_bundle(
        folder, fields_graph(FIELD_WEIGHTS), reader=ReaderKind.FIELDS, reading=reading
    )


def scores(bundle: Bundle, items: Sequence[Item], *, largest_batch: int = 32) -> list[Score]:
    scorer = OnnxScorer(bundle, workers=1, largest_batch=largest_batch)

    async def all_scores() -> list[Score]:
        return await asyncio.gather(*map(scorer.score, items))

    try:
        return asyncio.run(all_scores())
    finally:
        scorer.close()


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64))
    found: np.ndarray = weights / weights.sum(axis=-1, keepdims=True)
    return found


def of_words(text: str) -> np.ndarray:
    """P(label) of every member, by hand."""
    places = [WORDS.index(word) for word in text.split()]
    return softmax(WORD_TABLES[:, places].mean(axis=1))


def probabilities(score: Score) -> list[float]:
    return [score.probabilities[label] for label in LABELS]


def test_word_pieces(tmp_path: Path) -> None:
    for text, score in zip(
        TEXTS, scores(words_bundle(tmp_path), [Item(text=t) for t in TEXTS]), strict=True
    ):
        assert probabilities(score) == pytest.approx(of_words(text)[0], abs=1e-6)
        assert score.spread is None


def test_ngrams(tmp_path: Path) -> None:
    bundle = ngrams_bundle(tmp_path)
    for text in ["服务很好", "Good day", "好 good"]:
        (score,) = scores(bundle, [Item(text=text)])
        ids, weights = NGRAMS.weigh(NGRAMS.folded(text))
        assert probabilities(score) == pytest.approx(
            softmax(weights @ NGRAM_TABLES[0, ids]), abs=1e-6
        )


def test_fields(tmp_path: Path) -> None:
    item = Item(fields={"amount": 150, "age": 30, "purpose": "boat", "owner": True})
    (score,) = scores(fields_bundle(tmp_path), [item])
    features = np.array([1, -1, 0, 0, 1, 1, 0])
    assert probabilities(score) == pytest.approx(softmax(features @ FIELD_WEIGHTS), abs=1e-6)


@pytest.mark.parametrize("method", ["ensemble", "mc_dropout"])
def test_members_are_averaged_and_their_spread_is_told(tmp_path: Path, method: str) -> None:
    bundle = words_bundle(tmp_path, MEMBERS, method=method)
    for text, score in zip(TEXTS, scores(bundle, [Item(text=t) for t in TEXTS]), strict=True):
        p = of_words(text)
        likeliest = p.mean(axis=0).argmax()
        entropies = -(p * np.log(p)).sum(axis=1)
        mean = p.mean(axis=0)
        assert probabilities(score) == pytest.approx(mean, abs=1e-6)
        assert score.spread is not None
        votes = np.bincount(p.argmax(axis=1))
        assert score.spread.agreement == pytest.approx(votes.max() / MEMBERS)
        assert score.spread.mutual_information == pytest.approx(
            -(mean * np.log(mean)).sum() - entropies.mean(), abs=1e-6
        )
        assert score.spread.mean_log_probability == pytest.approx(
            np.log(p[:, likeliest]).mean(), abs=1e-6
        )


@pytest.mark.parametrize("kind", ["softmax", "ensemble", "mc_dropout", "ngrams", "fields"])
def test_an_item_gets_one_score_alone_and_in_any_company(tmp_path: Path, kind: str) -> None:
    items = [Item(text=text) for text in TEXTS * 7]
    match kind:
        case "ngrams":
            bundle = ngrams_bundle(tmp_path)
        case "fields":
            bundle = fields_bundle(tmp_path)
            record: dict[str, Json] = {"age": 30, "purpose": "car"}
            items = [Item(fields=record | {"amount": amount}) for amount in range(40)]
        case _:
            bundle = words_bundle(tmp_path, 1 if kind == "softmax" else MEMBERS, method=kind)
    alone = scores(bundle, items, largest_batch=1)
    together = scores(bundle, items, largest_batch=32)
    for one, other in zip(alone, together, strict=True):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=1e-6)
        if one.spread and other.spread:
            assert one.spread.mutual_information == pytest.approx(
                other.spread.mutual_information, abs=1e-6
            )


MEMBERS_CALIBRATOR = {
    "kind": "members",
    "log_odds": 1,
    "agreement": 2,
    "mutual_information": -1,
    "mean_log_probability": 0.5,
    "shift": -2,
}


def test_a_bundle_may_be_calibrated_on_its_members_spread(tmp_path: Path) -> None:
    bundle = write_bundle(
        tmp_path,
        words_graph(WORD_TABLES),
        reader=ReaderKind.WORDPIECE,
        reading=tokenizer(),
        method="ensemble",
        calibrator=MEMBERS_CALIBRATOR,
    )
    (score,) = scores(bundle, [Item(text="good day")])
    raw, spread = score.probabilities["acceptable"], score.spread
    assert spread is not None
    z = (
        math.log(raw / (1 - raw))
        + 2 * spread.agreement
        - spread.mutual_information
        + 0.5 * spread.mean_log_probability
        - 2
    )
    scorer = OnnxScorer(bundle, workers=1)
    assert scorer.calibrate(raw, spread) == pytest.approx(1 / (1 + math.exp(-z)))
    scorer.close()


def test_a_calibrator_of_members_is_refused_for_a_model_that_is_one(tmp_path: Path) -> None:
    with pytest.raises(BrokenBundle, match="several members"):
        write_bundle(
            tmp_path,
            words_graph(WORD_TABLES[:1]),
            reader=ReaderKind.WORDPIECE,
            reading=tokenizer(),
            calibrator=MEMBERS_CALIBRATOR,
        )


def test_a_model_with_embeddings_gives_unit_vectors(tmp_path: Path) -> None:
    scorer = OnnxScorer(words_bundle(tmp_path), workers=1)
    found = asyncio.run(scorer.embed("good day"))
    expected = WORD_TABLES[0, [WORDS.index("good"), WORDS.index("day")]].mean(axis=0)
    assert scorer.embeds
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    scorer.close()


def test_a_model_without_embeddings_says_so(tmp_path: Path) -> None:
    scorer = OnnxScorer(ngrams_bundle(tmp_path), workers=1)
    assert not scorer.embeds
    with pytest.raises(ScorerFailed, match="no embeddings"):
        asyncio.run(scorer.embed("good day"))
    scorer.close()


def test_scorers_say_what_they_read_and_refuse_the_rest(tmp_path: Path) -> None:
    of_text = OnnxScorer(ngrams_bundle(tmp_path / "text"), workers=1)
    of_fields = OnnxScorer(fields_bundle(tmp_path / "fields"), workers=1)
    assert (of_text.reads, of_fields.reads) == (Reads.TEXT, Reads.FIELDS)
    for scorer, item in (
        (of_text, Item(fields={"amount": 1})),
        (of_fields, Item(text="good day")),
        (of_fields, Item(fields={"amount": 1})),
    ):
        with pytest.raises(ScorerFailed):
            asyncio.run(scorer.score(item))
    of_text.close()
    of_fields.close()


@pytest.mark.parametrize(
    ("graph", "method"),
    [
        (words_graph(WORD_TABLES[:1]), Method.ENSEMBLE),
        (words_graph(WORD_TABLES), Method.SOFTMAX),
        (ngrams_graph(NGRAM_TABLES), Method.SOFTMAX),
    ],
)
def test_a_graph_of_another_method_or_reader_is_refused(
    tmp_path: Path, graph: onnx.ModelProto, method: Method
) -> None:
    bundle = write_bundle(
        tmp_path, graph, reader=ReaderKind.WORDPIECE, reading=tokenizer(), method=method
    )
    with pytest.raises(BrokenBundle):
        OnnxScorer(bundle)


@pytest.mark.parametrize(
    ("reader", "file"), [(ReaderKind.NGRAMS, "ngrams"), (ReaderKind.FIELDS, "fields")]
)
@pytest.mark.parametrize("reading", ["", "[1]", "{}", "7"])
def test_a_readers_file_that_is_none_is_refused(
    tmp_path: Path, reader: ReaderKind, file: str, reading: str
) -> None:
    bundle = write_bundle(tmp_path, fields_graph(FIELD_WEIGHTS), reader=reader, reading=reading)
    with pytest.raises(BrokenBundle, match=file):
        OnnxScorer(bundle)
