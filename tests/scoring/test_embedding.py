"""The embedded model's second output: unit vectors, beside logits that are the same bit for bit."""

import asyncio

import numpy as np
import onnx
import onnxruntime
import pytest

from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from tests.scoring.comments import ABUSIVE, FINE, texts_of_many_lengths
from tests.scoring.small_bundles import words_graph
from training.embedding import with_embedding

ADDED = {"embedding", *(f"embedding.{part}" for part in ("axis", "shortest", "length", "divisor"))}


def without_embedding(model: bytes) -> onnx.ModelProto:
    """The graph as it was before the output was added: without what leads there alone."""
    found = onnx.load_from_string(model)
    for node in [node for node in found.graph.node if ADDED & set(node.output)]:
        found.graph.node.remove(node)
    for constant in [one for one in found.graph.initializer if one.name in ADDED]:
        found.graph.initializer.remove(constant)
    (output,) = [one for one in found.graph.output if one.name == "embedding"]
    found.graph.output.remove(output)
    return found


def test_the_logits_are_the_same_bit_for_bit(bundle: Bundle) -> None:
    plain = without_embedding(bundle.model)
    again = with_embedding(plain).SerializeToString()
    models = (plain.SerializeToString(), bundle.model, again)
    sessions = [onnxruntime.InferenceSession(model) for model in models]
    chance = np.random.default_rng(5)
    for tokens in (3, 17, 64, 128):
        ids = chance.integers(1000, 20000, (4, tokens))
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        before, here, after = (session.run(["logits"], inputs)[0] for session in sessions)
        assert np.array_equal(before, here)
        assert np.array_equal(before, after)


def test_embeddings_are_unit_vectors_and_the_same_in_any_company(bundle: Bundle) -> None:
    texts = FINE + ABUSIVE + texts_of_many_lengths(32)
    found = []
    for largest_batch in (1, 32):
        scorer = OnnxScorer(bundle, workers=1, largest_batch=largest_batch)

        async def all_embeddings(scorer: OnnxScorer = scorer) -> list[np.ndarray]:
            return await asyncio.gather(*map(scorer.embed, texts))

        found.append(np.array(asyncio.run(all_embeddings())))
        scorer.close()
    assert np.linalg.norm(found[0], axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(found[0] - found[1]).max() < 1e-5


def test_a_graph_without_one_linear_head_is_refused() -> None:
    with pytest.raises(ValueError, match="linear head"):
        with_embedding(words_graph(np.zeros((1, 10, 2), dtype=np.float32)))
