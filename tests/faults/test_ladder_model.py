"""The model breaks: whatever it does, a person looks, or a rule rejects. Nothing is approved."""

import asyncio
import ctypes
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import onnx
import pytest

from service.domain.decision import Item, Reason, Thresholds, Zone
from service.domain.errors import Overloaded
from service.domain.fallback import FallbackRules
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.scoring import onnx_scorer
from service.scoring.onnx_scorer import OnnxScorer
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem, Results
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from tests.faults.broken_models import (
    TROUBLE,
    broken_bundle,
    failing,
    giving_nan,
    hanging,
    healthy,
)
from tests.scoring.small_bundles import LABELS
from tests.usecases.conftest import ANN, POLICY, House

PATIENT, IMPATIENT = 30.0, 0.3
GOOD, BAD, BROKEN = "a good day", "a bad day", f"a good {TROUBLE} day"
APPROVED = (Zone.AUTO_APPROVE, Reason.ABOVE_HIGH)
FAILED = (Zone.HUMAN_REVIEW, Reason.SCORER_FAILED)
TIMED_OUT = (Zone.HUMAN_REVIEW, Reason.SCORER_TIMED_OUT)
BY_RULES = (Zone.AUTO_REJECT, Reason.RULES)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(House(tmp_path)) as made:
        yield made


@pytest.fixture
def scorer_of(tmp_path: Path) -> Iterator[Callable[..., OnnxScorer]]:
    """Makes scorers on broken models, and closes them."""
    made: list[OnnxScorer] = []

    def scorer_of(graph: onnx.ModelProto, **options: Any) -> OnnxScorer:
        made.append(OnnxScorer(broken_bundle(tmp_path / "broken", graph), **options))
        return made[-1]

    yield scorer_of
    for scorer in made:
        scorer._runner.stop()  # closing would do so too, after a while
        scorer.close()
        for worker in scorer._workers:
            worker.join()  # nobody may be caught in a model when Python ends


def gate(house: House, scorer: OnnxScorer, patience: float = PATIENT, **policy: Any) -> DecideItem:
    """The gate on this scorer."""
    house.adopt(
        POLICY,
        scorer="broken",
        labels=tuple(LABELS),
        approve_labels=tuple(LABELS[:1]),
        **policy,
    )
    return DecideItem(
        gates=house.gates,
        assessor=GuardedAssessor(Assessor({"broken": scorer}, patience), TextGuard()),
        recorder=house.recorder,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
        redactor=LabelRedactor(),
    )


def told(results: Results) -> list[Any]:
    return [
        type(one) if isinstance(one, BaseException) else (one[0].zone, one[0].reason)
        for one in results
    ]


def ask(decide: DecideItem, *texts: str) -> list[Any]:
    """What the gate says of each text, all asked at once."""
    orders = [DecisionOrder(gate="gate", item=Item(text=text)) for text in texts]
    return told(asyncio.run(decide.many("gate", orders, ANN)))


def test_the_healthy_model_would_approve(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    decide = gate(house, scorer_of(healthy()))
    assert ask(decide, GOOD, BROKEN) == [APPROVED, APPROVED]
    assert ask(decide, BAD) == [(Zone.AUTO_REJECT, Reason.BELOW_LOW)]


def test_a_run_that_fails_is_for_people_and_the_next_one_works(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    decide = gate(house, scorer_of(failing()))
    assert ask(decide, BROKEN) == [FAILED]
    assert ask(decide, GOOD) == [APPROVED]


def test_not_a_number_is_for_people_and_spoils_no_other_text(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    decide = gate(house, scorer_of(giving_nan(), workers=1))
    assert ask(decide, GOOD, BROKEN, GOOD) == [APPROVED, FAILED, APPROVED]


def test_a_run_that_hangs_times_out_and_the_other_worker_goes_on(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    scorer = scorer_of(hanging(), workers=2, largest_batch=1)
    assert ask(gate(house, scorer, IMPATIENT), BROKEN) == [TIMED_OUT]
    assert ask(gate(house, scorer), GOOD) == [APPROVED]


def test_closing_ends_a_run_that_hangs(
    house: House, scorer_of: Callable[..., OnnxScorer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_scorer, "SECONDS_TO_CLOSE", 0.1)
    scorer = scorer_of(hanging(), workers=1)
    assert ask(gate(house, scorer, IMPATIENT), BROKEN) == [TIMED_OUT]
    scorer.close()
    for worker in scorer._workers:
        worker.join()


def test_with_every_worker_caught_nothing_is_approved(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    scorer = scorer_of(hanging(), workers=1, largest_batch=1)
    decide = gate(house, scorer, IMPATIENT)
    assert ask(decide, BROKEN) == [TIMED_OUT]
    assert ask(decide, GOOD) == [TIMED_OUT]


def test_rules_reject_in_the_models_place_and_leave_the_rest_to_people(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    rules = FallbackRules(reject_containing=("WARM day", TROUBLE))
    decide = gate(house, scorer_of(failing()), fallback=rules)
    assert ask(decide, BROKEN) == [BY_RULES]
    assert ask(decide, "a warm day, a good day") == [APPROVED], "the model can judge this one"


@pytest.mark.parametrize(
    "closed",
    [
        {"thresholds": Thresholds(low=None, high=0.9)},
        {"fallback": FallbackRules(reject_containing=("money",))},
        {"fallback": FallbackRules()},
    ],
    ids=["rejections closed", "no rule speaks of it", "no rules"],
)
def test_what_no_rule_rejects_is_for_people(
    house: House, scorer_of: Callable[..., OnnxScorer], closed: dict[str, Any]
) -> None:
    policy = {"fallback": FallbackRules(reject_containing=(TROUBLE,)), **closed}
    assert ask(gate(house, scorer_of(failing()), **policy), BROKEN) == [FAILED]


def test_a_slow_model_is_for_people_whatever_the_rules_say(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    rules = FallbackRules(reject_containing=(TROUBLE,))
    scorer = scorer_of(hanging(), workers=1, largest_batch=1)
    assert ask(gate(house, scorer, IMPATIENT, fallback=rules), BROKEN) == [TIMED_OUT]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # its death
def test_a_worker_that_dies_is_replaced(house: House, scorer_of: Callable[..., OnnxScorer]) -> None:
    scorer = scorer_of(healthy(), workers=1)
    decide = gate(house, scorer, IMPATIENT)
    [worker] = scorer._workers
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(worker.ident or 0), ctypes.py_object(SystemExit)
    )
    [first] = ask(decide, GOOD)  # wakes the worker, and that is its death
    assert first in (TIMED_OUT, APPROVED)
    worker.join()
    patient = gate(house, scorer)
    assert ask(patient, GOOD) == [APPROVED]
    [successor] = scorer._workers
    assert successor is not worker
    assert successor.is_alive()


def test_a_queue_that_is_full_turns_away_and_serves_the_rest(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    decide = gate(house, scorer_of(healthy(), workers=1, queue_limit=4))
    results = ask(decide, *[GOOD] * 60)
    assert set(results) == {APPROVED, Overloaded}


def test_where_nothing_can_be_taken_the_whole_batch_is_turned_away(
    house: House, scorer_of: Callable[..., OnnxScorer]
) -> None:
    scorer = scorer_of(hanging(), workers=1, largest_batch=1, queue_limit=2)
    decide = gate(house, scorer)
    orders = [DecisionOrder(gate="gate", item=Item(text=BROKEN))] * 2

    async def crowds() -> list[Any]:
        """They come until one is turned away; then the hanging run is ended."""
        asked: set[asyncio.Task[Any]] = set()
        while not (turned_away := [crowd for crowd in asked if crowd.done()]):
            asked.add(asyncio.create_task(decide.many("gate", orders, ANN)))
            await asyncio.wait(asked, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(Overloaded) as overloaded:
            await turned_away[0]
        assert overloaded.value.retry_after > 0
        scorer._runner.stop()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    for crowd in asyncio.run(crowds()):
        assert isinstance(crowd, Overloaded) or set(told(crowd)) <= {FAILED, Overloaded}


def test_a_model_that_this_process_does_not_know_is_for_people(house: House) -> None:
    house.adopt(POLICY, scorer="elsewhere")
    asked = house.decide(DecisionOrder(gate="gate", item=Item(text=GOOD)), ANN)
    decision, _ = asyncio.run(asked)
    assert (decision.zone, decision.reason) == FAILED
