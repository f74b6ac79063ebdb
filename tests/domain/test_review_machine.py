"""The review task under every sequence of moves that Hypothesis can think of.

A small model says from the contract what is allowed; the machine must agree at every step. Time
is a number that the test moves.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.domain import review_moves
from service.domain.errors import GateError
from service.domain.outcome import Verdict
from service.domain.review import Answer, GivenAnswer, Reviewer, ReviewTask, TaskState
from service.usecases.shared.new_ids import new_lease_token
from tests.examples import MINUTE, NOW, a_decision, a_task

PENDING, CLAIMED, ESCALATED = TaskState.PENDING, TaskState.CLAIMED, TaskState.ESCALATED
RESOLVED, EXPIRED, CANCELLED = TaskState.RESOLVED, TaskState.EXPIRED, TaskState.CANCELLED
OPEN = {PENDING, CLAIMED, ESCALATED}

ARROWS = {
    (PENDING, CLAIMED),
    (ESCALATED, CLAIMED),
    (CLAIMED, CLAIMED),  # renewed, or lapsed and claimed by the next one
    (CLAIMED, PENDING),
    (CLAIMED, ESCALATED),
    (CLAIMED, RESOLVED),
    (RESOLVED, CLAIMED),
    *((state, closed) for state in OPEN for closed in (EXPIRED, CANCELLED)),
}

LEASE = 5 * MINUTE
PEOPLE = [
    Reviewer(name="lin"),
    Reviewer(name="mei"),
    Reviewer(name="ann"),
    Reviewer(name="expert-wu", expert=True),
    Reviewer(name="expert-bo", expert=True),
]
people = st.sampled_from(PEOPLE)
moments = st.sampled_from([1, 30, 290, 299, 300, 301, 1200]).map(lambda s: timedelta(seconds=s))
answers = st.sampled_from(Answer)


@dataclass
class Model:
    """What should be true of a task, kept apart from what the machine says."""

    deadline: datetime
    quorum: int
    state: TaskState = PENDING
    origin: TaskState = PENDING
    token: str = ""
    holder: str = ""
    lease_ends: datetime = NOW
    settles_at: datetime = NOW
    said: dict[str, Answer] = field(default_factory=dict)

    def free(self, now: datetime) -> TaskState:
        """The state, with a lapsed lease taken back."""
        lapsed = self.state is CLAIMED and now >= self.lease_ends
        return self.origin if lapsed else self.state

    def holds(self, token: str, holder: str, now: datetime) -> bool:
        return (
            self.state is CLAIMED
            and (self.token, self.holder) == (token, holder)
            and now < self.lease_ends
        )

    def votes(self) -> int:
        """Of the verdict that has the most."""
        given = Counter(answer for answer in self.said.values() if answer is not Answer.UNSURE)
        return max(given.values(), default=0)


class ReviewMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.task: ReviewTask
        self.model: Model
        self.tokens: list[str] = ["lse_never_given"]
        self.history: list[TaskState] = [PENDING]

    @initialize(quorum=st.integers(1, 3), minutes=st.sampled_from([4, 30, 600]))
    def create(self, quorum: int, minutes: int) -> None:
        deadline = NOW + minutes * MINUTE
        self.task = a_task(a_decision(), quorum=quorum, deadline_at=deadline)
        self.model = Model(deadline=deadline, quorum=quorum)

    def move(self, machine: Callable[[ReviewTask], ReviewTask], *, allowed: bool) -> bool:
        """Ask the machine; it must do what the model allows and refuse what it does not."""
        before, over = self.task, self.is_over()
        try:
            after = machine(before)
        except GateError:
            assert not allowed
            assert self.task == before
            return False
        assert allowed
        assert not over
        assert (before.state, after.state) in ARROWS
        assert after.revision == before.revision + 1
        self.task = after
        self.history.append(after.state)
        return True

    def is_over(self) -> bool:
        settled = self.model.state is RESOLVED and self.now >= self.model.settles_at
        return settled or self.model.state in {EXPIRED, CANCELLED}

    @rule(step=moments)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule(who=people)
    def claim(self, who: Reviewer) -> None:
        token = new_lease_token()
        free = self.model.free(self.now)
        allowed = (
            free in {PENDING, ESCALATED}
            and self.now < self.model.deadline
            and (who.expert or free is not ESCALATED)
            and who.name not in self.model.said
        )
        if self.move(lambda t: review_moves.claim(t, who, token, self.now, LEASE), allowed=allowed):
            self.hand_lease(token, who.name, origin=free)

    def hand_lease(self, token: str, holder: str, *, origin: TaskState) -> None:
        self.tokens.append(token)
        self.model.state, self.model.origin = CLAIMED, origin
        self.model.token, self.model.holder = token, holder
        self.model.lease_ends = self.now + LEASE
        self.model.settles_at = self.now  # who has the task has it: nobody takes an answer back

    @rule(who=people, back=st.integers(1, 4))
    def renew(self, who: Reviewer, back: int) -> None:
        token = self.old_token(back)
        allowed = self.model.holds(token, who.name, self.now)
        if self.move(
            lambda t: review_moves.renew(t, token, who.name, self.now, LEASE), allowed=allowed
        ):
            self.model.lease_ends = self.now + LEASE

    @rule(who=people, back=st.integers(1, 4))
    def release(self, who: Reviewer, back: int) -> None:
        token = self.old_token(back)
        allowed = self.model.holds(token, who.name, self.now)
        if self.move(lambda t: review_moves.release(t, token, who.name, self.now), allowed=allowed):
            self.model.state = self.model.origin

    def old_token(self, back: int) -> str:
        """The newest token (1), or one of those before it, which are stale."""
        return self.tokens[-min(back, len(self.tokens))]

    @rule()
    def lapse(self) -> None:
        allowed = self.model.state is CLAIMED and self.now >= self.model.lease_ends
        if self.move(lambda t: review_moves.lapse(t, self.now), allowed=allowed):
            self.model.state = self.model.origin

    @rule(who=people, back=st.integers(1, 4), answer=answers, undo_seconds=st.integers(0, 60))
    def answer(self, who: Reviewer, back: int, answer: Answer, undo_seconds: int) -> None:
        self.say(who.name, self.old_token(back), answer, timedelta(seconds=undo_seconds))

    @precondition(lambda self: self.model.state is CLAIMED)
    @rule(answer=answers, undo_seconds=st.integers(0, 60))
    def answer_as_holder(self, answer: Answer, undo_seconds: int) -> None:
        self.say(self.model.holder, self.model.token, answer, timedelta(seconds=undo_seconds))

    def say(self, who: str, token: str, answer: Answer, undo: timedelta) -> None:
        given = GivenAnswer(
            reviewer=who, answer=answer, comment="", edited_result=None, at=self.now
        )
        allowed = self.model.holds(token, who, self.now)
        if not self.move(lambda t: review_moves.answer(t, token, given, undo), allowed=allowed):
            return
        self.model.said[who], self.model.settles_at = answer, self.now + undo
        if answer is Answer.UNSURE:
            self.model.state = ESCALATED
        elif self.model.votes() >= self.model.quorum:
            self.model.state = RESOLVED
        else:
            self.model.state = self.model.origin

    @rule(who=people)
    def undo(self, who: Reviewer) -> None:
        token = new_lease_token()
        last = next(reversed(self.model.said), None)
        allowed = (
            self.model.state in {RESOLVED, PENDING, ESCALATED}
            and last == who.name
            and self.now < self.model.settles_at
        )
        if self.move(
            lambda t: review_moves.undo(t, who.name, token, self.now, LEASE), allowed=allowed
        ):
            del self.model.said[who.name]
            self.hand_lease(token, who.name, origin=self.model.origin)

    @rule()
    def expire(self) -> None:
        allowed = self.model.state in OPEN and self.now >= self.model.deadline
        if self.move(lambda t: review_moves.expire(t, self.now), allowed=allowed):
            self.model.state = EXPIRED

    @precondition(lambda self: len(self.history) > 6)  # else most tasks would end here
    @rule()
    def cancel(self) -> None:
        if self.move(review_moves.cancel, allowed=self.model.state in OPEN):
            self.model.state = CANCELLED

    @invariant()
    def the_machine_is_where_the_model_is(self) -> None:
        assert self.task.state is self.model.state
        assert {a.reviewer: a.answer for a in self.task.answers} == self.model.said

    @invariant()
    def nobody_answers_twice(self) -> None:
        names = [given.reviewer for given in self.task.answers]
        assert len(names) == len(set(names))

    @invariant()
    def only_a_claimed_task_is_leased(self) -> None:
        assert (self.task.lease is not None) == (self.task.state is CLAIMED)

    @invariant()
    def a_verdict_is_the_quorum_s(self) -> None:
        assert (self.task.verdict is not None) == (self.task.state is RESOLVED)
        if self.task.verdict:
            agreeing = Answer(self.task.verdict.value)
            assert list(self.model.said.values()).count(agreeing) == self.task.quorum
            assert isinstance(self.task.verdict, Verdict)


TestReviewMachine = ReviewMachine.TestCase
TestReviewMachine.settings = settings(max_examples=100, stateful_step_count=40)
