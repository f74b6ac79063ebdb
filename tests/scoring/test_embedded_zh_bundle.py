"""The committed bundle for Chinese keeps what its card promises, on posts it was not made from."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from corpora import DataMissing, LabelledText, cold_zh
from corpora.splits import essence, place_of
from service.confidence.metrics import accuracy, auroc, ece
from service.domain.decision import Item, Score
from service.domain.errors import ScorerFailed
from service.scoring.bundle import Bundle, load_bundle
from service.scoring.onnx_scorer import OnnxScorer
from tests.scoring.conftest import EMBEDDED

CALIBRATION_SHARE = 0.25  # of the published test part
LARGEST_MEGABYTES = 30
AT_ONCE = 128

COMMENTS = [
    "这个教程写得很清楚，谢谢分享！",
    "快递两天就到了，包装也很好。",
    "好",
    "你真是蠢得无可救药，滚出去。" * 9,
    "新版本比旧版本慢，麻烦看一下 https://example.com/a?b=c",
    "这个APP很好用😀 nmsl",
]


@pytest.fixture(scope="module")
def chinese() -> Bundle:
    return load_bundle(EMBEDDED.with_name("embedded-zh"))


@pytest.fixture(scope="module")
def reader(chinese: Bundle) -> Iterator[OnnxScorer]:
    scorer = OnnxScorer(chinese)
    yield scorer
    scorer.close()


async def _scores(scorer: OnnxScorer, texts: list[str]) -> list[Score | BaseException]:
    found: list[Score | BaseException] = []
    for start in range(0, len(texts), AT_ONCE):
        asked = (scorer.score(Item(text=text)) for text in texts[start : start + AT_ONCE])
        found += await asyncio.gather(*asked, return_exceptions=True)
    return found


def test_the_bundle_is_small_and_says_where_it_comes_from(chinese: Bundle) -> None:
    assert sum(map(len, chinese.files.values())) < LARGEST_MEGABYTES * 2**20
    assert chinese.languages == ("zh",)
    assert chinese.card["data"]["licence"].startswith("Apache-2.0")
    assert chinese.card["metrics"]["measures"]["ece"][0] < 0.05


def test_confidences_are_right_and_calibrated_on_unseen_posts(
    chinese: Bundle, reader: OnnxScorer
) -> None:
    try:
        published = cold_zh()["test"]
    except DataMissing as missing:
        pytest.skip(str(missing))
    untouched: list[LabelledText] = [
        post for post in published if place_of(essence(post.text)) >= CALIBRATION_SHARE
    ]
    answers = asyncio.run(_scores(reader, [post.text for post in untouched[:1000]]))
    scored = [
        (answer.probabilities["acceptable"], post.label)
        for answer, post in zip(answers, untouched, strict=False)
        if isinstance(answer, Score)
    ]
    assert len(scored) > 990
    raw, labels = (np.array(column) for column in zip(*scored, strict=True))
    confidence = chinese.calibrator.many(raw)
    assert accuracy(confidence, labels) > 0.798
    assert auroc(confidence, labels) > 0.873
    # A thousand posts in 15 bins show .03 where nothing is amiss.
    assert ece(confidence, labels) < 0.06


def test_a_text_has_one_score_in_any_company(reader: OnnxScorer) -> None:
    alone = [asyncio.run(reader.score(Item(text=text))) for text in COMMENTS]
    together = asyncio.run(_scores(reader, COMMENTS * 8))
    for place, score in enumerate(together):
        assert isinstance(score, Score)
        expected = alone[place % len(COMMENTS)].probabilities["acceptable"]
        assert score.probabilities["acceptable"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "text", ["you are a worthless idiot", "これは本当に面白いですね", "안녕하세요", "Привет всем"]
)
def test_what_it_cannot_read_has_no_score(reader: OnnxScorer, text: str) -> None:
    with pytest.raises(ScorerFailed, match="cannot read"):
        asyncio.run(reader.score(Item(text=text)))


def test_kind_words_are_surer_than_insults(chinese: Bundle, reader: OnnxScorer) -> None:
    kind, unkind = (
        chinese.calibrator(asyncio.run(reader.score(Item(text=text))).probabilities["acceptable"])
        for text in ("快递两天就到了，包装也很好。", "你真是蠢得无可救药，滚出去。")
    )
    assert unkind < 0.9 < kind
