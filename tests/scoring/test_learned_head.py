"""A learned head on a real model: what it adds, alone and in any batch; and heads that are none."""

import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest

from service.domain.decision import Item
from service.domain.errors import BrokenBundle
from service.scoring.bundle import load_bundle
from service.scoring.learned_head import HEAD, LearnedHead, log_odds
from service.scoring.onnx_scorer import OnnxScorer
from tests.registry.bundles import MODELS, replace_file

TEXTS = ["Thank you for your help.", "You are an idiot.", "What a warm day it was", "Hm."]
WIDTH = 384


def with_head(folder: Path, head: LearnedHead, model: str = "embedded") -> Path:
    shutil.copytree(MODELS / model, folder)
    replace_file(folder, HEAD, head.to_file())
    return folder


def a_head(width: int = WIDTH) -> LearnedHead:
    lot = np.random.default_rng(4)
    return LearnedHead(slope=-0.2, shift=0.3, weights=2 * lot.standard_normal(width))


@pytest.mark.parametrize("model", ["embedded", "embedded-zh"])
def test_it_moves_the_log_odds_by_what_it_says(tmp_path: Path, model: str) -> None:
    """For several members too, whose mean is what the head is told."""
    head = a_head()
    before = OnnxScorer(load_bundle(MODELS / model), workers=1)
    after = OnnxScorer(load_bundle(with_head(tmp_path / model, head, model)), workers=1)
    texts = TEXTS if model == "embedded" else ["谢谢你的帮助。", "今天天气真好", "你真是太差劲了"]

    async def ask() -> None:
        for text in texts:
            was, now = await before.answer(Item(text=text)), await after.answer(Item(text=text))
            assert was.embedding is not None
            odds = log_odds(np.array([was.score.probabilities["acceptable"]]))
            step = head.step(odds, was.embedding[None].astype(np.float64))[0]
            found = log_odds(np.array([now.score.probabilities["acceptable"]]))[0]
            assert sum(now.score.probabilities.values()) == pytest.approx(1)
            assert np.sign(found - odds[0]) == np.sign(step)
            if was.score.spread is None:
                assert found - odds[0] == pytest.approx(step, abs=1e-4)

    try:
        asyncio.run(ask())
    finally:
        before.close()
        after.close()


def test_a_text_has_one_score_in_any_company(tmp_path: Path) -> None:
    scorer = OnnxScorer(load_bundle(with_head(tmp_path / "embedded", a_head())), workers=1)

    async def ask() -> None:
        alone = [(await scorer.score(Item(text=text))).probabilities for text in TEXTS]
        together = await asyncio.gather(*(scorer.score(Item(text=text)) for text in TEXTS * 4))
        for one, other in zip(alone * 4, together, strict=True):
            assert other.probabilities["acceptable"] == pytest.approx(one["acceptable"], abs=1e-5)

    try:
        asyncio.run(ask())
    finally:
        scorer.close()


def test_there_and_back() -> None:
    head = a_head(5)
    again = LearnedHead.of_file(head.to_file())
    assert (again.slope, again.shift) == (head.slope, head.shift)
    assert again.weights == pytest.approx(head.weights, abs=1e-6)
    assert head.to_file() == a_head(5).to_file()


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", LearnedHead(slope=0, shift=float("nan"), weights=np.zeros(3)).to_file()],
)
def test_what_is_no_head_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenBundle, match=HEAD):
        LearnedHead.of_file(content)


def test_a_head_of_another_width_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(BrokenBundle, match="does not run"):
        OnnxScorer(load_bundle(with_head(tmp_path / "embedded", a_head(7))), workers=1)
