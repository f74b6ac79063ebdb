"""Five hundred random keys over a queue of forty items leave what a model of the page predicts."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LETTER_MS, SEEN_MS, Reviewer
from tests.pages.site import Site

ITEMS, KEYS = 40, 500
BURST_MS = 80
VERDICTS = {"a": "approve", "x": "reject", "u": "unsure"}


@dataclass
class Model:
    """What the page should do with each key; time is the window's own, in milliseconds."""

    waiting: list[str]  # most urgent first
    now: int = 0
    lettered_at: int = -1000
    seen_at: int = -1000
    at: str | None = None  # the item on the screen
    other: str | None = None  # one that an undo has put aside
    undoable: str | None = None
    skipped: list[str] = field(default_factory=list)
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)

    def letter(self) -> bool:
        """Whether it is one of a burst."""
        is_burst = self.now - self.lettered_at <= BURST_MS
        self.lettered_at = self.now
        return is_burst

    def may_decide(self) -> bool:
        return self.at is None or self.now - self.seen_at >= SEEN_MS

    def decide(self, key: str) -> None:
        if self.at is None:
            if key == "n" and self.waiting:
                self.skipped.clear()
                self._arrive(self.waiting[0], undoable=None)
            return
        if key == "n":
            return
        done = self.at
        if key == "s":
            self.waiting = sorted((done, *self.waiting), key=self.rank)
            self.skipped.append(done)
        else:
            self.said[done] = VERDICTS[key], self.typed.get(done, "").strip()
        free = [task for task in self.waiting if task not in self.skipped]
        following = self.other or next(iter(free), None)
        self.other = None
        self._arrive(following, undoable=done)

    def undo(self) -> None:
        task = self.undoable
        if task is None or not self.may_decide():
            return
        self.said.pop(task, None)
        if task in self.skipped:
            self.skipped.remove(task)
        self.other = self.at
        self._arrive(task, undoable=None)

    def rank(self, task: str) -> int:
        return self.urgency.index(task)

    def __post_init__(self) -> None:
        self.urgency = list(self.waiting)

    def _arrive(self, task: str | None, *, undoable: str | None) -> None:
        self.at, self.undoable = task, undoable
        if task in self.waiting:
            self.waiting.remove(task)
        self.seen_at = self.now


class Walker:
    """One pair of hands on the page and on the model."""

    def __init__(self, ann: Reviewer, model: Model, chance: random.Random) -> None:
        self.ann, self.model, self.chance = ann, model, chance
        self.keys = 0

    def rest(self, milliseconds: int) -> None:
        self.ann.page.clock.run_for(milliseconds)
        self.model.now += milliseconds

    def strike(self, key: str, pause: int) -> None:
        self.keys += 1
        self.ann.page.keyboard.press(key)
        self.rest(pause)

    def pause(self) -> int:
        return self.chance.randint(120, 400)

    def decide(self, key: str, *, times: int = 1) -> None:
        """A key that decides, held for some repeats."""
        pause, model = self.pause(), self.model
        objected = model.letter() or not model.may_decide()
        for _ in range(times):
            self.keys += 1
            self.ann.page.keyboard.down(key)
        self.ann.page.keyboard.up(key)
        self.rest(BURST_MS)
        if not objected:
            model.decide(key)
        self._arrived()
        self.rest(pause - BURST_MS)

    def undo(self) -> None:
        self.keys += 1
        self.ann.page.keyboard.press("Backspace")
        self.model.undo()
        self._arrived()
        self.rest(self.pause())

    def burst(self) -> None:
        for letter in self.chance.choices("axusn", k=self.chance.randint(2, 5)):
            self.model.letter()
            self.strike(letter, LETTER_MS)
        self.rest(self.pause())

    def comment(self) -> None:
        text = "".join(self.chance.choices("axusnce n", k=self.chance.randint(2, 12)))
        self.model.letter()
        self.strike("c", LETTER_MS)
        task = self.model.at
        if task is None:  # there is nothing to comment on
            self.rest(self.pause())
            return
        for letter in text:
            self.model.letter()
            self.strike(letter, LETTER_MS)
        self.model.typed[task] = self.model.typed.get(task, "") + text
        expect(self.ann.page.locator("#comment")).to_have_value(self.model.typed[task])
        self.strike("Escape", LETTER_MS)
        self.model.lettered_at = -1000  # the text is done

    def scroll(self) -> None:
        self.model.letter()
        self.strike(" ", self.pause())

    def step(self) -> None:
        acts: list[tuple[Callable[[], None], int]] = [
            (lambda: self.decide(self.chance.choice("axuaxs")), 8),
            (lambda: self.decide(self.chance.choice("ax"), times=4), 1),
            (lambda: self.decide("n"), 1),
            (self.undo, 5),
            (self.burst, 3),
            (self.comment, 3),
            (self.scroll, 1),
        ]
        [(act, _)] = self.chance.choices(acts, [weight for _, weight in acts])
        act()

    def _arrived(self) -> None:
        self.ann.wait_until_sent()
        at = f"/review/tasks/{self.model.at}" if self.model.at else r"/review(\?|$)"
        expect(self.ann.page).to_have_url(re.compile(at))


@pytest.mark.parametrize("seed", [15])
def test_a_random_walk_leaves_what_the_model_predicts(site: Site, ann: Reviewer, seed: int) -> None:
    tasks = [site.ask(f"item {n}", signals={"score": 0.5 - n / 200}) for n in range(ITEMS)]
    ann.stop_time()
    walker = Walker(ann, Model(waiting=list(tasks)), random.Random(seed))
    walker.decide("n")
    while walker.keys < KEYS:
        walker.step()
    model = walker.model
    found = {
        task: (given[-1].answer.value, given[-1].comment)
        for task in tasks
        if (given := site.view(task).task.answers)
    }
    assert found == model.said
    assert len(found) > ITEMS / 4
