"""A shadow sees what the gate sees, says what it would have done, and changes nothing."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from service.domain.access import Principal, Scope
from service.domain.decision import Item, Reads, Score, Spread, Thresholds, Zone
from service.domain.errors import (
    ChangedMeanwhile,
    Forbidden,
    InvalidInput,
    NoShadowRuns,
    ScorerFailed,
    ShadowRuns,
    UnknownGate,
    UnknownShadow,
)
from service.domain.gate import AuditRules, GatePolicy, PanelRules
from service.domain.ids import DecisionId
from service.domain.outcome import Truth, Verdict
from service.domain.review import Answer
from service.domain.shadow import ShadowState
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.ports.bus import Event
from service.ports.repositories.policies import StoredPolicy
from service.ports.scorer import Scorer
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.shadow import scoring
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow, ShadowReport
from service.usecases.shadow.scoring import ShadowJudge
from service.usecases.shared.idempotency import IdempotentRequest
from tests.usecases.acting import answer, ask, claim, ids, keyed, told_again
from tests.usecases.conftest import ANN, POLICY, House
from tests.usecases.insight.test_replay import replaying

WIDE = replace(POLICY, thresholds=Thresholds(low=0.2, high=0.6))
READER = Principal(name="key:ida", scopes=frozenset({Scope.READ}))


def once(key: str) -> IdempotentRequest[Any]:
    return keyed(key, lambda _: {"done": True})


def shadowing(house: House) -> Shadows:
    changes = ChangeGate(store=house.store, gates=house.gates, bus=house.bus, clock=house.clock)
    return Shadows(
        store=house.store,
        gates=house.gates,
        replay=replaying(house),
        changes=changes,
        clock=house.clock,
    )


def reporting(house: House) -> ReportShadow:
    return ReportShadow(
        store=house.store,
        gates=house.gates,
        shadows=shadowing(house),
        calibrator_of=lambda _: None,
        redactor=LabelRedactor(),
    )


def start(house: House, candidate: GatePolicy = WIDE, **more: Any) -> Shadows:
    shadows = shadowing(house)
    shadows.start(candidate, ANN, **more)
    return shadows


def report(house: House) -> ShadowReport:
    """By somebody who has just started: all that counts is in the store."""
    return reporting(house)("gate", READER, limit=1000)


def test_both_are_told_on_the_items_that_came_since(house: House) -> None:
    ask(house, 0.7)
    house.clock.forward(minutes=1)
    start(house)
    seen = {score: ask(house, score) for score in (0.05, 0.15, 0.5, 0.7, 0.95)}
    assert [one["zone"] for one in seen.values()] == [
        "auto_reject",
        "human_review",
        "human_review",
        "human_review",
        "auto_approve",
    ]
    found = report(house)
    assert (found.live.items, found.live.reviews, found.unknown) == (5, 3, 0)
    assert (found.shadowed.reviews, found.shadowed.approvals.decided) == (1, 2)
    assert found.agreement.count == 3
    # Nobody has judged them: both may be all wrong, or all right.
    assert (found.shadowed.approvals.wrong, found.shadowed.approvals.most_wrong) == (0, 2)
    assert found.shadowed.approvals.panel.value is None
    assert found.partings == ()  # both wait for people, who shall not hear what the AI thinks


def test_what_people_say_is_held_against_both(house: House) -> None:
    house.adopt(POLICY, panel=PanelRules(share=1.0))
    start(house, replace(WIDE, panel=PanelRules(share=1.0)))
    kept = [ask(house, score) for score in (0.7, 0.7, 0.95)]
    for said in (Answer.APPROVE, Answer.REJECT, Answer.REJECT):
        answer(house, claim(house), said)
    found = report(house)
    assert (found.live.approvals.panel.count, found.live.approvals.panel.of) in ((1, 1), (0, 1))
    assert found.shadowed.approvals.panel.count == 2
    assert found.shadowed.approvals.panel.of == 3
    assert 0.09 < found.shadowed.approvals.panel.low < 2 / 3 < found.shadowed.approvals.panel.high
    assert {one.decision_id for one in found.partings} == {one["decision"] for one in kept[:2]}
    assert {(one.one, one.other) for one in found.partings} == {
        (Zone.HUMAN_REVIEW, Zone.AUTO_APPROVE)
    }
    assert set(found.decisions) == {one.decision_id for one in found.partings}


def test_the_truth_learned_later_counts_and_no_estimate_is_made_of_it(house: House) -> None:
    start(house, replace(POLICY, thresholds=Thresholds(low=0.1, high=None)))
    sure = ask(house, 0.95)["decision"]
    truth = Truth(verdict=Verdict.REJECT, note="", reported_by="x", reported_at=house.clock.now())
    with house.store.transaction() as tx:
        tx.decisions.add_truth(DecisionId(sure), truth)
    found = report(house)
    assert (found.live.approvals.wrong, found.live.approvals.panel.value) == (1, None)
    [parting] = found.partings
    assert (parting.one, parting.other, parting.right) == (
        Zone.AUTO_APPROVE,
        Zone.HUMAN_REVIEW,
        False,
    )


def test_an_audit_that_waits_is_not_told(house: House) -> None:
    house.adopt(POLICY, audits=AuditRules(share=0.25))
    start(house, replace(WIDE, thresholds=Thresholds(low=0.1, high=None)))
    asked = [ask(house, 0.95)["decision"] for _ in range(30)]
    with house.store.reading() as tx:
        drawn = {one for one in asked if tx.tasks.of_decision(DecisionId(one))}
    partings = {one.decision_id for one in report(house).partings}
    assert partings
    assert not partings & drawn


def test_what_comes_after_the_gate_scores_otherwise_is_unknown(house: House) -> None:
    start(house)
    ask(house, 0.7)
    house.adopt(POLICY, labels=("fine", "foul"), approve_labels=("fine",))
    ask(house, 0.7)
    found = report(house)
    assert (found.live.items, found.unknown) == (1, 1)


def test_stopping_keeps_what_was_found(house: House) -> None:
    shadows = start(house, note="bolder")
    ask(house, 0.7)
    house.clock.forward(minutes=1)
    shadows.stop("gate", ANN, request=once("once"))
    again = told_again(lambda: shadows.stop("gate", ANN, request=once("once")))
    assert again == {"done": True}
    ask(house, 0.7)
    found = report(house)
    assert (found.shadow.state, found.shadow.ended_by) == (ShadowState.STOPPED, ANN.name)
    assert found.live.items == 1
    with pytest.raises(NoShadowRuns):
        shadows.stop("gate", ANN)
    with pytest.raises(NoShadowRuns):
        shadows.adopt("gate", lambda c: c, ANN, over=None)
    shadows.start(WIDE, ANN)
    assert report(house).shadow.number == 2


def test_adopting_puts_the_candidate_in_force_and_says_why(house: House) -> None:
    shadows = start(house, note="fewer reviews")
    with pytest.raises(ChangedMeanwhile):
        shadows.adopt("gate", lambda c: c, ANN, over=99)
    version = house.gates.of("gate").version

    def adopt() -> StoredPolicy:
        return shadows.adopt("gate", lambda c: c, ANN, over=version, request=once("adopt"))

    assert adopt().version == version + 1
    assert told_again(adopt) == {"done": True}
    assert house.gates.of("gate").thresholds == WIDE.thresholds
    assert ask(house, 0.7)["zone"] == "auto_approve"
    assert shadows.latest("gate", ANN).state is ShadowState.ADOPTED
    with house.store.reading() as tx:
        stored = tx.policies.get("gate", version + 1)
        kinds = [entry.kind for entry, _ in tx.audit.entries()]
    assert stored
    assert stored.change.note == "Tried in shadow since 2026-01-05 09:00 UTC. fewer reviews"
    assert [kind for kind in kinds if kind.startswith("shadow.")] == [
        "shadow.started",
        "shadow.adopted",
    ]


def test_who_stops_it_meanwhile_keeps_the_candidate_out(house: House) -> None:
    shadows = start(house)
    version = house.gates.of("gate").version

    def stopped_meanwhile(candidate: GatePolicy) -> GatePolicy:
        shadows.stop("gate", ANN)
        return candidate

    with pytest.raises(NoShadowRuns):
        shadows.adopt("gate", stopped_meanwhile, ANN, over=None)
    house.gates.load()
    assert house.gates.of("gate").version == version
    assert shadows.latest("gate", ANN).state is ShadowState.STOPPED


class Dying:
    """A bus under which the process ends, once the change is durable."""

    def publish(self, *_: Event) -> None:
        raise KeyboardInterrupt


def test_the_shadow_ends_with_the_change_even_if_the_process_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadows = start(house)
    monkeypatch.setattr(shadows._changes, "_bus", Dying())
    with pytest.raises(KeyboardInterrupt):
        shadows.adopt("gate", lambda c: c, ANN, over=None, request=once("adopt"))
    assert shadows.latest("gate", ANN).state is ShadowState.ADOPTED
    anew = shadowing(house)
    again = told_again(
        lambda: anew.adopt("gate", lambda c: c, ANN, over=None, request=once("adopt"))
    )
    assert again == {"done": True}


def test_a_candidate_that_is_in_force_already_is_adopted_too(house: House) -> None:
    shadows = start(house)
    house.adopt(WIDE)
    shadows.adopt("gate", lambda c: c, ANN, over=None)
    assert shadows.latest("gate", ANN).state is ShadowState.ADOPTED


def test_starting_again_by_the_same_key_is_answered_whatever_came_since(house: House) -> None:
    shadows = shadowing(house)
    shadows.start(WIDE, ANN, request=once("start"))
    shadows.adopt("gate", lambda c: c, ANN, over=None)
    again = told_again(lambda: shadows.start(WIDE, ANN, request=once("start")))
    assert again == {"done": True}
    assert shadows.latest("gate", ANN).number == 1


def test_what_is_refused(house: House) -> None:
    shadows = shadowing(house)
    with pytest.raises(UnknownShadow):
        shadows.latest("gate", ANN)
    with pytest.raises(UnknownShadow):
        shadows.stop("gate", ANN)
    with pytest.raises(UnknownGate):
        reporting(house)("another", ANN, limit=10)
    with pytest.raises(InvalidInput, match="says what the policy in force says"):
        shadows.start(POLICY, ANN)
    for act in (
        lambda: shadows.start(WIDE, READER),
        lambda: shadows.stop("gate", READER),
        lambda: shadows.adopt("gate", lambda c: c, READER, over=None),
    ):
        with pytest.raises(Forbidden):
            act()
    shadows.start(WIDE, ANN)
    with pytest.raises(ShadowRuns):
        shadows.start(WIDE, ANN)


class Reading:
    """A challenger's scorer: sure of what is fine, fails where the text says so."""

    labels = ("good", "bad")
    reads = Reads.TEXT
    explains = False
    alternatives: ClassVar[dict[str, list[str]]] = {}
    version = "challenger@1"

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        if item.text == "crash":
            raise KeyError(item.text)
        if item.text == "fail":
            raise ScorerFailed("It fails.")
        good = 0.99 if item.text == "fine" else 0.5
        return Score(probabilities={"good": good, "bad": 1 - good}, model_version=self.version)

    def calibrate(self, raw: float, spread: Spread | None = None) -> float:
        return raw

    def close(self) -> None:
        """Holds nothing."""


class Live:
    """A gate whose candidate scores by itself."""

    def __init__(self, house: House, scorers: Mapping[str, Scorer]) -> None:
        self.house = house
        assessor = GuardedAssessor(Assessor(scorers), TextGuard())
        self.judge = ShadowJudge(store=house.store, assessor=assessor, meter=house.metrics)
        self.decide = DecideItem(
            gates=house.gates,
            assessor=GuardedAssessor(Assessor({}), TextGuard()),
            redactor=LabelRedactor(),
            recorder=house.recorder,
            bus=house.bus,
            clock=house.clock,
            meter=house.metrics,
            afterwards=self.judge.offer,
        )

    def ask(self, text: str) -> dict[str, Any]:
        order = DecisionOrder(gate="gate", item=Item(text=text))
        return ids(asyncio.run(self.decide(order, ANN)))

    def judge_all(self) -> None:
        with asyncio.Runner() as runner:
            while self.judge.judge_some(runner):
                pass


CHALLENGER = replace(POLICY, scorer="challenger")


@pytest.fixture
def live(house: House, monkeypatch: pytest.MonkeyPatch) -> Live:
    monkeypatch.setattr(scoring, "WAIT_SECONDS", 0.01)
    start(house, CHALLENGER)
    made = Live(house, {"challenger": Reading()})
    made.judge.load()
    return made


def test_a_challenger_judges_afterwards(house: House, live: Live) -> None:
    for text in ("fine", "unclear", "fail"):
        assert live.ask(text)["zone"] == "human_review"
    before = report(house)
    assert (before.live.items, before.unknown) == (0, 3)  # told, not guessed
    live.judge_all()
    found = report(house)
    assert (found.live.items, found.unknown) == (2, 1), "no score is no judgement"
    assert (found.live.reviews, found.shadowed.reviews) == (2, 1)
    assert found.shadowed.approvals.decided == 1


class Late(Reading):
    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        raise TimeoutError


@pytest.mark.parametrize("scorers", [{}, {"challenger": Late()}], ids=["gone", "late"])
def test_a_model_that_is_away_judges_nothing(
    house: House, live: Live, scorers: Mapping[str, Scorer]
) -> None:
    live.judge._assessor = GuardedAssessor(Assessor(scorers), TextGuard())
    live.ask("fine")
    live.judge_all()
    assert (report(house).live.items, report(house).unknown) == (0, 1)
    said = house.metrics.exposition(dict).decode()
    assert 'human_in_loop_shadow_items_total{gate="gate",result="failed"} 1.0' in said


def test_what_the_challenger_cannot_judge_is_told_and_harms_nothing(
    house: House, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Assessor):
        async def assess(self, *given: Any) -> Any:
            raise KeyError("a mistake of ours")

    live.judge._assessor = GuardedAssessor(Broken({}), TextGuard())
    assert live.ask("fine")["zone"] == "human_review"
    live.judge_all()
    found = report(house)
    assert (found.live.items, found.unknown) == (0, 1)


def test_who_is_behind_lets_items_go(house: House, live: Live) -> None:
    for _ in range(scoring.MOST_WAITING):
        live.judge._queue.put_nowait(None)  # type: ignore[arg-type]  # never taken
    assert live.ask("fine")["zone"] == "human_review"
    said = house.metrics.exposition(dict).decode()
    assert 'human_in_loop_shadow_items_total{gate="gate",result="dropped"} 1.0' in said
    assert report(house).unknown == 1


def test_no_shadow_no_work(house: House, live: Live) -> None:
    shadowing(house).stop("gate", ANN)
    live.judge.load()
    live.ask("fine")
    with asyncio.Runner() as runner:
        assert live.judge.judge_some(runner) == 0
