"""Several people on one item: who is asked, who decides, and what their answers prove."""

import asyncio
from dataclasses import replace

import pytest

from service.domain.access import Principal, Scope
from service.domain.decision import Item
from service.domain.errors import Forbidden
from service.domain.gate import PanelRules
from service.domain.ids import DecisionId, TaskId
from service.domain.outcome import DecidedBy, Verdict
from service.domain.review import Answer, TaskState
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.usecases.certification.auto_certify import Learner
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.decide_command import DecisionOrder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.review.answers import AnswerOrder
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.expiry import TimeKeeper
from service.usecases.review.reviewer_quality import Reviewers
from tests.usecases.acting import ask, ids
from tests.usecases.certification.test_certify import EARNING
from tests.usecases.conftest import ANN, POLICY, House

PEOPLE = {
    name: Principal(name=f"person:{name}", scopes=frozenset({Scope.REVIEW}))
    for name in ("ann", "ben", "kim", "lee")
}
TWO = replace(POLICY, review=replace(POLICY.review, quorum=2))
DOUBLED = replace(
    EARNING,
    review=replace(EARNING.review, double_share=0.5),
    panel=PanelRules(share=0.1),
)


class Desk:
    """The house, with reviewers whose quality is known once it is looked up."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.reviewers = Reviewers(store=house.store, gates=house.gates)
        self.review = ReviewTasks(
            store=house.store,
            gates=house.gates,
            writer=house.writer,
            bus=house.bus,
            clock=house.clock,
            meter=house.metrics,
            redactor=LabelRedactor(),
            sure=self.reviewers.sure,
        )

    def say(self, task: TaskId, **said: Answer) -> TaskState:
        """Each in turn claims the task and answers."""
        for name, answer in said.items():
            who = PEOPLE[name]
            self.review.claim_one(task, who)
            lease = self.house.tasks.read(task, who).task.lease
            assert lease
            order = AnswerOrder(task_id=task, lease_token=lease.token, answer=answer)
            self.review.answer(order, who)
        return self.house.tasks.read(task, ANN).task.state

    def ask(self, lot: float = 0.0) -> tuple[DecisionId, TaskId]:
        """Ask about an item for which `lot` is drawn."""
        decide = DecideItem(
            gates=self.house.gates,
            assessor=GuardedAssessor(Assessor({}), TextGuard()),
            recorder=self.house.recorder,
            bus=self.house.bus,
            clock=self.house.clock,
            meter=self.house.metrics,
            redactor=LabelRedactor(),
            lot=lambda: lot,
        )
        order = DecisionOrder(gate="gate", item=Item(text="x"), signals={"score": 0.8})
        made = ids(asyncio.run(decide(order, ANN)))
        return made["decision"], made["task"]

    def keeper(self) -> TimeKeeper:
        return TimeKeeper(
            store=self.house.store,
            gates=self.house.gates,
            writer=self.house.writer,
            bus=self.house.bus,
            clock=self.house.clock,
        )

    def learner(self) -> Learner:
        certify = self.house.certifier()
        return Learner(
            store=self.house.store,
            gates=self.house.gates,
            certify=certify,
            version_of=lambda _: None,
        )


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


YES, NO, UNSURE = Answer.APPROVE, Answer.REJECT, Answer.UNSURE


def know_them(desk: Desk) -> None:
    """Twelve items on which ann and ben agree, and kim says the opposite of them."""
    desk.house.gates.adopt(
        [replace(TWO, review=replace(TWO.review, quorum=3))], desk.house.clock.now()
    )
    for place in range(12):
        truth, lie = (YES, NO) if place % 2 else (NO, YES)
        task = ask(desk.house)["task"]
        desk.say(task, ann=truth, ben=truth, kim=lie, lee=truth)
    desk.house.gates.adopt([TWO], desk.house.clock.now())
    desk.reviewers.refresh()


def test_who_agrees_and_is_trusted_decides(desk: Desk) -> None:
    know_them(desk)
    assert desk.say(ask(desk.house)["task"], ann=YES, ben=YES) is TaskState.RESOLVED


def test_an_agreement_that_is_not_sure_asks_another(desk: Desk) -> None:
    know_them(desk)
    asked = ask(desk.house)
    assert desk.say(asked["task"], kim=YES, ann=YES) is TaskState.PENDING
    assert desk.say(asked["task"], ben=YES) is TaskState.PENDING, "kim's word counts against it"
    assert desk.say(asked["task"], lee=YES) is TaskState.RESOLVED
    outcome = desk.house.outcomes.read(asked["decision"], ANN).outcome
    assert outcome
    assert (outcome.verdict, outcome.by) == (Verdict.APPROVE, DecidedBy.HUMAN)


def test_while_nothing_is_known_the_quorum_decides(desk: Desk) -> None:
    desk.house.gates.adopt([TWO], desk.house.clock.now())
    desk.reviewers.refresh()
    assert desk.say(ask(desk.house)["task"], kim=YES, ann=YES) is TaskState.RESOLVED


def test_the_lot_says_which_items_two_must_agree_on(desk: Desk) -> None:
    desk.house.gates.adopt([DOUBLED], desk.house.clock.now())
    _, drawn = desk.ask(lot=0.2)
    _, other = desk.ask(lot=0.9)
    assert desk.say(drawn, ann=YES) is TaskState.PENDING
    assert desk.say(drawn, ben=NO) is TaskState.PENDING, "they disagree: another is asked"
    assert desk.say(drawn, lee=NO) is TaskState.RESOLVED
    assert desk.say(other, ann=YES) is TaskState.RESOLVED


def test_a_second_answer_does_not_tell_which_items_the_panel_asks(desk: Desk) -> None:
    policy = replace(POLICY, review=DOUBLED.review, panel=DOUBLED.panel)
    desk.house.gates.adopt([policy], desk.house.clock.now())
    made = [desk.ask(lot) for lot in (0.05, 0.2, 0.9)]
    with desk.house.store.reading() as tx:
        drawn = tx.decisions.get_many([decision for decision, _ in made])
    assert [drawn[decision].panel for decision, _ in made] == [True, False, False]
    said = [desk.say(task, ann=YES) for _, task in made]
    assert said == [TaskState.PENDING, TaskState.PENDING, TaskState.RESOLVED]


@pytest.mark.parametrize("said", [{"ann": YES, "ben": NO}, {"ann": UNSURE}])
def test_what_is_not_settled_counts_against_the_gate(desk: Desk, said: dict[str, Answer]) -> None:
    """While others are asked, and after the deadline: the panel is not its easy items alone."""
    desk.house.gates.adopt([DOUBLED], desk.house.clock.now())
    _, task = desk.ask()
    desk.say(task, **said)
    for _ in range(2):
        _, sample = desk.learner().sample(desk.house.gates.of("gate"))
        assert sample.doubted is not None
        assert sample.doubted.tolist() == [True]
        desk.house.clock.forward(hours=2)
        desk.keeper().sweep()
    assert desk.house.tasks.read(task, ANN).task.state is TaskState.EXPIRED


def test_one_answer_of_two_is_a_label_too(desk: Desk) -> None:
    desk.house.gates.adopt([DOUBLED], desk.house.clock.now())
    _, task = desk.ask()
    desk.say(task, ann=YES)
    _, sample = desk.learner().sample(desk.house.gates.of("gate"))
    assert sample.labels.tolist() == [True]
    assert sample.doubted is None
    desk.say(task, ben=YES)
    _, sample = desk.learner().sample(desk.house.gates.of("gate"))
    assert len(sample) == 1


def test_any_process_finds_the_same_and_managers_alone_may_ask(desk: Desk) -> None:
    know_them(desk)
    found = desk.reviewers.quality("gate", ANN)
    other = Reviewers(store=desk.house.store, gates=desk.house.gates).quality("gate", ANN)
    assert found
    assert other
    assert found.reviewers == other.reviewers
    best = {one.name: one.accuracy for one in found.reviewers}
    assert best["person:ann"] > 0.9
    assert best["person:kim"] < 0.1
    with pytest.raises(Forbidden):
        desk.reviewers.quality("gate", PEOPLE["ann"])
