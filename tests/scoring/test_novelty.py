"""What a bundle has learned from nothing like goes to people."""

import asyncio
import io
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora import DataMissing, davidson, split
from service.domain.decision import Assessment, Item, Reason, Score, Zone
from service.domain.errors import BrokenBundle
from service.domain.gate import GatePolicy
from service.domain.guard import GuardRules
from service.guards.text_guard import TextGuard
from service.scoring.bundle import Bundle
from service.scoring.novelty import NOVELTY, Novelty
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.reading import Inputs
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.policy_evaluation import zone_of
from tests.scoring.comments import ABUSIVE, FINE, texts_of_many_lengths
from tests.usecases.conftest import POLICY
from training.novelty import fit
from training.serving import Read

FAR = [
    "def total(self, inputs): return float(((measured - mean) / deviation).sum())",
    "account: 0 to 200 DM; duration_months: 24; credit history: critical; purpose: radio; amount: "
    "3430; savings: 500 to 1000 DM; employment: 7 years; instalment share of income: 3; property: "
    "life insurance; residence_since: 2; housing: owned; existing credits: 1; job: skilled worker",
    "qzkx wvuh jjrpt xxoq plmk zzvb qqwrt yxcvb",
]


def inputs(*ids: int) -> Inputs:
    return Inputs(rows={"input_ids": np.array(ids, dtype=np.int64)})


def drawn(
    rng: np.random.Generator, tokens: list[int], centre: list[float]
) -> tuple[Inputs, NDArray[np.float32]]:
    point = np.array(centre, dtype=np.float32) + 0.05 * rng.standard_normal(6).astype(np.float32)
    return inputs(*rng.choice(tokens, 12)), point.astype(np.float32)


def novelty_of(statistics: Novelty, item: Inputs, embedding: NDArray[np.float32] | None) -> float:
    """How new one item is by itself."""
    embeddings = None if embedding is None else embedding[None]
    [found] = statistics.novelties(statistics.measures([item], embeddings))
    return found


@pytest.fixture(scope="module")
def fitted() -> Novelty:
    """On texts of the tokens 1 to 5, around two centres."""
    rng = np.random.default_rng(1)
    centres = {0: [1.0, 0, 0, 0, 0, 0], 1: [0, 1.0, 0, 0, 0, 0]}
    labels = [place % 2 for place in range(400)]
    train: Read = [drawn(rng, [1, 2, 3, 4, 5], centres[label]) for label in labels]
    validation: Read = [drawn(rng, [1, 2, 3, 4, 5], centres[place % 2]) for place in range(200)]
    return fit(train, labels, validation, tokens=50)


def test_strange_words_and_strange_meaning_are_each_enough(fitted: Novelty) -> None:
    usual = np.array([1, 0, 0, 0, 0, 0], dtype=np.float32)
    strange = np.array([0, 0, 1, 1, 1, 1], dtype=np.float32)
    assert 0.01 < novelty_of(fitted, inputs(1, 2, 3, 4, 5, 1, 2), usual) < 0.99
    assert novelty_of(fitted, inputs(40, 41, 42, 43, 44, 45), usual) == 1
    assert novelty_of(fitted, inputs(1, 2, 3, 4, 5, 1, 2), strange) == 1
    assert (
        novelty_of(fitted, inputs(10**6, 10**6, 10**6), usual) == 1
    )  # tokens that nothing has counted


def test_of_ordinary_texts_so_many_are_flagged_as_were_asked_for(fitted: Novelty) -> None:
    rng = np.random.default_rng(2)
    novelties = [
        novelty_of(fitted, *drawn(rng, [1, 2, 3, 4, 5], [1, 0, 0, 0, 0, 0])) for _ in range(2000)
    ]
    assert np.mean(np.array(novelties) > 0.95) == pytest.approx(0.05, abs=0.04)


def test_what_cannot_be_measured_is_new(fitted: Novelty) -> None:
    assert novelty_of(fitted, inputs(1, 2, 3), np.full(6, math.nan, dtype=np.float32)) == 1


def test_words_alone_serve_a_bundle_without_embeddings() -> None:
    rng = np.random.default_rng(3)
    train: Read = [(inputs(*rng.choice(5, 12)), None) for _ in range(200)]
    found = fit(train, [0, 1] * 100, train[:100], tokens=50)
    assert novelty_of(found, inputs(0, 1, 2, 3, 4), None) < 0.99
    assert novelty_of(found, inputs(30, 31, 32, 33, 34), None) == 1


@pytest.mark.parametrize("content", [b"", b"not a file of arrays"])
def test_a_broken_file_is_told(content: bytes) -> None:
    with pytest.raises(BrokenBundle, match=NOVELTY):
        Novelty.of_file(content)


def test_a_file_of_other_arrays_is_told() -> None:
    other = io.BytesIO()
    np.savez(other, surprisal=np.zeros(3))
    with pytest.raises(BrokenBundle, match=NOVELTY):
        Novelty.of_file(other.getvalue())


# --- the committed bundle ---


def novelties(scorer: OnnxScorer, texts: list[str]) -> list[float]:
    async def scored() -> list[Score | BaseException]:
        asked = (scorer.score(Item(text=text)) for text in texts)
        return await asyncio.gather(*asked, return_exceptions=True)

    found = [s.novelty for s in asyncio.run(scored()) if isinstance(s, Score)]
    assert None not in found
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def scorer(bundle: Bundle) -> Iterator[OnnxScorer]:
    made = OnnxScorer(bundle, queue_limit=4000)
    yield made
    made.close()


def test_far_texts_are_new_to_the_embedded_model_and_comments_are_not(scorer: OnnxScorer) -> None:
    assert min(novelties(scorer, FAR)) > 0.99
    assert np.mean(np.array(novelties(scorer, FINE + ABUSIVE)) > 0.99) < 0.2


def test_the_same_text_is_as_new_in_any_company(scorer: OnnxScorer) -> None:
    texts = texts_of_many_lengths(40)
    together = novelties(scorer, texts)
    alone = [novelties(scorer, [text])[0] for text in texts]
    assert together == pytest.approx(alone, abs=0.002)


def test_of_unseen_tweets_few_are_called_new(scorer: OnnxScorer) -> None:
    try:
        part = split(davidson())["test"]
    except DataMissing as missing:
        pytest.skip(str(missing))
    chosen = np.random.default_rng(4).permutation(len(part))[:800]
    found = novelties(scorer, [part[place].text for place in chosen])
    assert np.mean(np.array(found) > 0.99) < 0.02


# --- in a gate ---


def assessed(bundle: Bundle, text: str, rules: GuardRules) -> tuple[GatePolicy, Assessment]:
    policy = replace(
        POLICY,
        scorer="embedded",
        labels=bundle.labels,
        approve_labels=bundle.approve_labels,
        guards=rules,
    )
    with closing(OnnxScorer(bundle)) as scorer:
        assessor = GuardedAssessor(Assessor({"embedded": scorer}), TextGuard())
        return policy, asyncio.run(assessor.assess(policy, Item(text=text), None, None, None))


@pytest.mark.parametrize(("limit", "noted"), [(0.01, True), (0.0, False)])
def test_a_gate_sends_what_is_new_to_people(bundle: Bundle, limit: float, *, noted: bool) -> None:
    policy, found = assessed(bundle, FAR[1], GuardRules(novelty=limit))
    assert found.confidence is not None
    assert found.notes == (("out_of_distribution",) if noted else ())
    zone, reason = zone_of(policy.rule_for(None), found)
    assert (reason is Reason.OUT_OF_DISTRIBUTION) is noted
    assert zone is Zone.HUMAN_REVIEW or not noted


RARE = "The jurisprudential epistemology of transcendental phenomenology perplexes ontologists."


@pytest.mark.parametrize(
    ("text", "limit", "noted"), [(RARE, 0.05, True), (RARE, 0.0, False), (FINE[0], 0.05, False)]
)
def test_a_gate_sends_rare_words_to_people_where_it_asks_for_it(
    bundle: Bundle, text: str, limit: float, *, noted: bool
) -> None:
    policy, found = assessed(bundle, text, GuardRules(novelty=0, complexity=limit))
    assert found.confidence is not None
    assert found.notes == (("too_complex",) if noted else ())
    assert (zone_of(policy.rule_for(None), found)[1] is Reason.GUARD) is noted
