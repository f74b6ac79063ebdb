"""An explanation comes from the model that decided, or not at all."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.domain.decision import Decision, Item
from service.domain.guard import Finding
from service.domain.values import Json
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.reading import ReaderKind
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.explain import KEPT, Explain, NotExplained
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from tests.scoring.small_bundles import (
    FEATURES,
    FIELDS,
    LABELS,
    WORDS,
    fields_graph,
    tokenizer,
    words_graph,
    write_bundle,
)
from tests.usecases.acting import ids
from tests.usecases.conftest import ANN, POLICY, House

RECORD: dict[str, Json] = {"amount": 200, "age": 40, "purpose": "car", "owner": "true"}


@pytest.fixture
def words(tmp_path: Path) -> Iterator[OnnxScorer]:
    table = np.zeros((1, len(WORDS), 2), dtype=np.float32)
    table[0, WORDS.index("good")] = [3, -3]
    table[0, WORDS.index("awful")] = [-3, 3]
    bundle = write_bundle(
        tmp_path / "words", words_graph(table), reader=ReaderKind.WORDPIECE, reading=tokenizer()
    )
    scorer = OnnxScorer(bundle)
    yield scorer
    scorer.close()


@pytest.fixture
def fields(tmp_path: Path) -> Iterator[OnnxScorer]:
    weights = np.zeros((FEATURES, 2), dtype=np.float32)
    weights[0] = [0.5, -0.5]  # amount
    weights[2] = [-1, 1]  # purpose: car
    bundle = write_bundle(
        tmp_path / "fields",
        fields_graph(weights),
        reader=ReaderKind.FIELDS,
        reading=json.dumps(FIELDS),
    )
    scorer = OnnxScorer(bundle)
    yield scorer
    scorer.close()


def decided(house: House, scorer: OnnxScorer, item: Item) -> Decision:
    policy = replace(POLICY, labels=tuple(LABELS), approve_labels=(LABELS[0],))
    house.adopt(policy, scorer="small")
    decide = DecideItem(
        gates=house.gates,
        assessor=GuardedAssessor(Assessor({"small": scorer}), TextGuard()),
        recorder=house.recorder,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
        redactor=LabelRedactor(),
    )
    order = DecisionOrder(gate="gate", item=item)
    asked = ids(asyncio.run(decide(order, ANN)))
    with house.store.reading() as tx:
        [decision] = tx.decisions.get_many([asked["decision"]]).values()
    return decision


def test_the_words_that_decide_weigh(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="what a good awful good day"))
    explain = Explain(scorers={"small": words}, gates=house.gates)
    assert explain.can(decision)
    found = asyncio.run(explain(decision))
    weights = [(part.name, round(part.weight, 2)) for part in found.parts]
    assert [name for name, _ in weights] == ["what", "a", "good", "awful", "good", "day"]
    assert weights[3][1] < 0 < weights[2][1] == weights[4][1]
    assert found.for_rejecting[0].name == "awful"
    text = decision.item.text
    assert text is not None
    assert [text[p.start : p.end] for p in found.parts] == [p.name for p in found.parts]


def test_fields_weigh_against_what_they_might_have_been(house: House, fields: OnnxScorer) -> None:
    decision = decided(house, fields, Item(fields=RECORD))
    found = asyncio.run(Explain(scorers={"small": fields}, gates=house.gates)(decision))
    weights = {part.name: part.weight for part in found.parts}
    # amount: (200 - 100) / 50 = 2 standard deviations of 1 log-odds each; a car against the other.
    assert weights["amount"] == pytest.approx(2.0, abs=1e-4)
    assert weights["purpose"] == pytest.approx(-2.0, abs=1e-4)
    assert weights["owner"] == pytest.approx(0.0, abs=1e-6)
    assert "age" not in weights  # it is the mean already


def test_it_is_kept_for_the_next_who_asks(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="a good day"))
    explain = Explain(scorers={"small": words}, gates=house.gates)

    async def twice() -> None:
        first = await explain(decision)
        words.close()
        assert await explain(decision) is first
        for number in range(KEPT):
            again = replace(decision, id=type(decision.id)(f"dec_{number}"))
            assert await explain(again) is first, "the text and the model are the same"
            with pytest.raises(NotExplained):  # the model is gone, and nothing is made up
                await explain(replace(again, item=Item(text=f"a good day {number}")))

    asyncio.run(twice())


def test_who_has_gone_holds_nobody_up(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="a good day"))
    explain = Explain(scorers={"small": words}, gates=house.gates)

    async def is_gone() -> bool:
        return True

    async def twice() -> None:
        with pytest.raises(NotExplained, match="Nobody waits"):
            await explain(decision, is_gone=is_gone)
        found = await explain(decision)
        assert await explain(decision, is_gone=is_gone) is found

    asyncio.run(twice())


def test_another_model_explains_nothing(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="a good day"))
    explain = Explain(scorers={}, gates=house.gates)
    assert not explain.can(decision)
    with pytest.raises(NotExplained, match="not in force"):
        asyncio.run(explain(decision))


def test_a_score_of_half_a_text_is_not_explained(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="a good day"))
    cut = replace(decision, assessment=replace(decision.assessment, notes=(Finding.TRUNCATED,)))
    explain = Explain(scorers={"small": words}, gates=house.gates)
    assert not explain.can(cut)
    with pytest.raises(NotExplained):
        asyncio.run(explain(cut))


def test_one_word_has_nothing_to_be_weighed_against(house: House, words: OnnxScorer) -> None:
    decision = decided(house, words, Item(text="good"))
    found = asyncio.run(Explain(scorers={"small": words}, gates=house.gates)(decision))
    assert found.parts == ()
