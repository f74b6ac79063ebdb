"""The committed model behind the port: sane, the same in any company, never silent."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from service.domain.decision import Item, Score
from service.domain.errors import Overloaded, ScorerFailed
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from tests.scoring.comments import ABUSIVE, FINE, WORDS, acceptable, scored, texts_of_many_lengths


def test_probabilities_sum_to_one_and_name_the_version(scorer: OnnxScorer) -> None:
    for score in scored(scorer, FINE + ABUSIVE):
        assert set(score.probabilities) == set(scorer.labels)
        assert sum(score.probabilities.values()) == pytest.approx(1)
        assert score.model_version == scorer.version
        assert not score.truncated


def test_fine_comments_are_confidently_fine(scorer: OnnxScorer) -> None:
    assert min(map(scorer.calibrate, acceptable(scorer, FINE))) > 0.8


def test_abusive_comments_are_confidently_not(scorer: OnnxScorer) -> None:
    assert max(map(scorer.calibrate, acceptable(scorer, ABUSIVE))) < 0.2


def test_a_text_gets_the_same_score_alone_and_in_company(bundle: Bundle) -> None:
    texts = texts_of_many_lengths(96) + FINE + ABUSIVE
    found = []
    for largest_batch in (1, 32):
        scorer = OnnxScorer(bundle, largest_batch=largest_batch, workers=2)
        found.append(acceptable(scorer, texts))
        scorer.close()
    assert np.abs(found[0] - found[1]).max() < 1e-5


def test_many_callers_at_once_each_get_their_own_answer(scorer: OnnxScorer) -> None:
    texts = FINE + ABUSIVE
    alone = {text: acceptable(scorer, [text])[0] for text in texts}
    crowd = texts * 20
    found = acceptable(scorer, crowd)
    assert found == pytest.approx([alone[text] for text in crowd], abs=1e-5)


def test_the_event_loop_goes_on_while_the_model_runs(scorer: OnnxScorer) -> None:
    async def turns_while_scoring() -> int:
        scores = asyncio.gather(
            *(scorer.score(Item(text=text)) for text in texts_of_many_lengths(40))
        )
        turns = 0
        while not scores.done():
            turns += 1
            await asyncio.sleep(0)
        await scores
        return turns

    # Had anything blocked the loop until the scores were there, few turns would remain.
    assert asyncio.run(turns_while_scoring()) > 40


def test_a_long_text_is_cut_and_the_answer_says_so(scorer: OnnxScorer) -> None:
    beginning = " ".join(WORDS * 12)
    short, long, huge = scored(
        scorer, [FINE[0], beginning + " and more", beginning + " and much more" * 20_000]
    )
    assert [short.truncated, long.truncated, huge.truncated] == [False, True, True]
    assert huge.probabilities == pytest.approx(long.probabilities, abs=1e-5)


@pytest.mark.parametrize("text", [None, "", "  \n\t", "\ud800 half a character"])
def test_what_is_no_text_has_no_score(scorer: OnnxScorer, text: str | None) -> None:
    with pytest.raises(ScorerFailed):
        asyncio.run(scorer.score(Item(text=text)))


@pytest.mark.parametrize("text", ["服务很好,下次再来。", "😂😂😂", "Отличный товар, спасибо!"])
def test_a_script_that_the_model_cannot_read_has_no_score(scorer: OnnxScorer, text: str) -> None:
    with pytest.raises(ScorerFailed, match="cannot read"):
        asyncio.run(scorer.score(Item(text=text)))


def test_one_unreadable_text_spoils_no_other(scorer: OnnxScorer) -> None:
    async def together() -> list[Score | BaseException]:
        texts = [FINE[0], "\ud800", FINE[1]]
        scores = (scorer.score(Item(text=text)) for text in texts)
        return await asyncio.gather(*scores, return_exceptions=True)

    first, bad, last = asyncio.run(together())
    assert isinstance(first, Score)
    assert isinstance(last, Score)
    assert isinstance(bad, ScorerFailed)


def test_more_than_the_queue_holds_is_turned_away_and_the_rest_is_served(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, workers=1, queue_limit=16)

    async def flood() -> list[Score | BaseException]:
        texts = texts_of_many_lengths(100)
        scores = (scorer.score(Item(text=text)) for text in texts)
        return await asyncio.gather(*scores, return_exceptions=True)

    answers = asyncio.run(flood())
    scorer.close()
    served = [answer for answer in answers if isinstance(answer, Score)]
    turned_away = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert len(served) >= 8
    assert turned_away
    assert len(served) + len(turned_away) == 100


def test_who_stops_waiting_holds_up_nobody(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, workers=1, queue_limit=128)

    async def give_up_and_ask_again() -> Score:
        crowd = [
            asyncio.create_task(scorer.score(Item(text=text))) for text in texts_of_many_lengths(64)
        ]
        await asyncio.sleep(0)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        assert all(task.cancelled() for task in crowd)
        return await scorer.score(Item(text=FINE[0]))

    assert asyncio.run(give_up_and_ask_again()).probabilities["acceptable"] > 0.5
    scorer.close()


def test_closing_answers_those_who_wait_and_refuses_those_who_come(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, workers=1)

    async def close_in_the_middle() -> list[Score | BaseException]:
        crowd = [
            asyncio.create_task(scorer.score(Item(text=text))) for text in texts_of_many_lengths(64)
        ]
        await asyncio.sleep(0)
        scorer.close()
        with pytest.raises(ScorerFailed):
            await scorer.score(Item(text=FINE[0]))
        return await asyncio.gather(*crowd, return_exceptions=True)

    answers = asyncio.run(close_in_the_middle())
    assert any(isinstance(answer, ScorerFailed) for answer in answers)
    assert all(isinstance(answer, Score | ScorerFailed) for answer in answers)


def test_a_model_that_fails_is_a_scorer_that_failed_and_works_again(bundle: Bundle) -> None:
    # More tokens than the model has positions for: its graph fails while it runs.
    scorer = OnnxScorer(replace(bundle, max_tokens=1000), workers=1)
    with pytest.raises(ScorerFailed, match="model failed"):
        asyncio.run(scorer.score(Item(text=" ".join(WORDS * 60))))
    assert acceptable(scorer, FINE[:1])[0] > 0.5
    scorer.close()
